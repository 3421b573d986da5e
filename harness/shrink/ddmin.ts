/**
 * Delta debugging: the smallest subset that still fails, by halves, quarters, and at last one at a time (Zeller and Hildebrandt, TSE 2002).
 *
 * `fails` need not be monotone. The result fails, and it no longer does without any one of its items.
 */
export async function ddmin<Item>(
  items: readonly Item[],
  fails: (subset: readonly Item[]) => Promise<boolean>,
): Promise<readonly Item[]> {
  if (items.length === 0 || (await fails([]))) return [];
  let left = items;
  let parts = 2;
  while (left.length >= 2) {
    const chunks = split(left, parts);
    const chunk = parts === 2 ? undefined : await first(chunks, fails);
    const rest =
      chunk ?? (await first(chunks.map((part) => left.filter((item) => !part.includes(item))).toReversed(), fails));
    if (rest !== undefined) {
      left = rest;
      parts = chunk === undefined ? Math.max(2, parts - 1) : 2;
    } else {
      if (parts >= left.length) return left;
      parts = Math.min(left.length, parts * 2);
    }
  }
  return left;
}

async function first<Item>(
  subsets: readonly (readonly Item[])[],
  fails: (subset: readonly Item[]) => Promise<boolean>,
): Promise<readonly Item[] | undefined> {
  for (const subset of subsets) if (await fails(subset)) return subset;
  return undefined;
}

/** Into so many parts of about the same length. */
function split<Item>(items: readonly Item[], parts: number): readonly (readonly Item[])[] {
  return Array.from({ length: parts }, (_, index) =>
    items.slice(Math.floor((index * items.length) / parts), Math.floor(((index + 1) * items.length) / parts)),
  );
}
