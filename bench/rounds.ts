/** How many rounds a benchmark makes, from its command line. @throws {Error} with what to write instead. */
export function roundsOf(word = "5"): number {
  const rounds = Number(word);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`${word}: write how many rounds, such as 5`);
  return rounds;
}
