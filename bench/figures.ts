/** What peers are measured at, in turn in every round, so that whatever else the machine does is the same for all of them; and how it is told. */

/** Of each peer, by its name: round by round. */
export type Figures = ReadonlyMap<string, readonly number[]>;

export async function measure<Peer extends { readonly name: string }>(
  rounds: number,
  peers: readonly Peer[],
  one: (peer: Peer) => Promise<number>,
): Promise<Figures> {
  const figures = new Map(peers.map(({ name }) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round++) for (const peer of peers) figures.get(peer.name)?.push(await one(peer));
  return figures;
}

export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function tellRatio(what: string, figures: Figures, of: string, to: string): void {
  if (figures.has(to)) say(`  ${what}: ${ratioOf(figures, of, to, 2)}`);
}

/** Of single rounds: `1.02 of dnsmasq's (0.98 to 1.10)`. */
export function ratioOf(figures: Figures, of: string, to: string, digits: number): string {
  const [above = [], below = []] = [figures.get(of), figures.get(to)];
  const all = above.map((value, round) => value / (below[round] ?? Number.NaN));
  return spread(all, digits, ` of ${to}'s`);
}

/** Of single rounds: `1.02 (0.98 to 1.10)`, the median, the least and the most. */
export function spread(values: readonly number[], digits = 2, unit = ""): string {
  const [least, middle, most] = [0, 0.5, 1].map((share) => quantile(values, share).toFixed(digits));
  return `${middle}${unit} (${least} to ${most})`;
}

/** A row a peer, a column what was measured of them, each a median. */
export function table(columns: ReadonlyMap<string, Figures>): string {
  const peers = [...(columns.values().next().value?.keys() ?? [])];
  const rows = peers.map((peer) => [
    peer,
    ...columns.values().map((figures) => shown(quantile(figures.get(peer) ?? [], 0.5))),
  ]);
  const all = [["", ...columns.keys()], ...rows];
  const widths = all[0]?.map((_, n) => Math.max(...all.map((row) => row[n]?.length ?? 0))) ?? [];
  return all
    .map((row) =>
      row.map((cell, n) => (n === 0 ? cell.padEnd(widths[n] ?? 0) : cell.padStart(widths[n] ?? 0))).join("  "),
    )
    .join("\n");
}

function shown(value: number): string {
  return Number.isNaN(value) ? "-" : value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
