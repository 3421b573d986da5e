import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createOverlap } from "./overlap.ts";

test("of several that hold at once the latest counts, in whatever order they are lifted", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(fc.constant("add"), fc.nat({ max: 9 })), { maxLength: 20 }), async (moves) => {
      let applied: number | undefined;
      const overlap = createOverlap<number>((value) => void (applied = value));
      const held: { readonly value: number; readonly lift: AsyncDisposable }[] = [];
      const hits: number[] = [];
      for (const [value, move] of moves.entries()) {
        if (move === "add") held.push({ value, lift: await overlap.add(value, () => void hits.push(value)) });
        else if (held.length > 0) await held.splice(move % held.length, 1)[0]?.lift[Symbol.asyncDispose]();
        const latest = held.at(-1)?.value;
        expect([applied, overlap.value]).toEqual([latest, latest]);
        hits.length = 0;
        overlap.hit();
        expect(hits).toEqual(latest === undefined ? [] : [latest]);
      }
    }),
  );
});

test("what can't be applied is not held", async () => {
  const overlap = createOverlap<number>((value) => {
    if (value === 2) throw new Error("2 is too much");
  });
  await overlap.add(1, () => {});
  await expect(overlap.add(2, () => {})).rejects.toThrow("2 is too much");
  expect(overlap.value).toBe(1);
});
