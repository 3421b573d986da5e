/** The name that was probably meant, if one is near enough. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const name of known) {
    const distance = editDistance(word, name);
    const near = distance <= Math.max(1, Math.floor(Math.max(word.length, name.length) / 3));
    if (near && (best === undefined || distance < best.distance)) best = { name, distance };
  }
  return best?.name;
}

const maximumListed = 20;

/** "did you mean storm?", else what there is: "there are storm, drip", "there are none". */
export function hint(word: string, known: Iterable<string>): string {
  const names = [...known];
  const meant = nearest(word, names);
  return meant === undefined ? thereAre(names) : `did you mean ${meant}?`;
}

export function thereAre(names: readonly string[]): string {
  if (names.length === 0) return "there are none";
  const listed = names.slice(0, maximumListed).join(", ");
  return `there ${names.length === 1 ? "is" : "are"} ${listed}${names.length > maximumListed ? ", …" : ""}`;
}

/** Insertions, deletions, replacements and swaps of neighbours that turn one text into the other. */
function editDistance(from: string, to: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      let best = Math.min(
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]) {
        best = Math.min(best, (beforePrevious[column - 2] ?? 0) + 1);
      }
      current.push(best);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[to.length] ?? 0;
}
