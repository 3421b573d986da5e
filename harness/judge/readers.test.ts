import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createReaders } from "./readers.ts";

const names = fc
  .array(fc.constantFrom("a", "b", "ab", 'fault("a.b")'), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join("."));

const isPartOf = (part: string, whole: string): boolean => part === whole || part.startsWith(`${whole}.`);

test("a change concerns those who read what has changed, a part of it, or the whole that it is a part of, and each once", () => {
  fc.assert(
    fc.property(fc.array(fc.array(names, { maxLength: 3 })), fc.array(names, { maxLength: 3 }), (all, changed) => {
      const readers = createReaders<readonly string[]>();
      for (const reads of all) readers.add(reads, reads);
      const concerned = all.filter((reads) =>
        reads.some((read) => changed.some((name) => isPartOf(read, name) || isPartOf(name, read))),
      );
      expect([...readers.of(changed)].toSorted(byPlace(all))).toEqual(concerned);
      // What was found before is no longer true when somebody has gone.
      const [gone, ...left] = concerned;
      if (gone !== undefined) readers.remove(gone);
      expect([...readers.of(changed)].toSorted(byPlace(all))).toEqual(left);
    }),
  );
});

type Reads = readonly string[];

function byPlace(all: readonly Reads[]): (one: Reads, other: Reads) => number {
  return (one, other) => all.indexOf(one) - all.indexOf(other);
}
