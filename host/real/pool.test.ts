import { expect, test } from "vitest";
import { createPool } from "./pool.ts";

const bytes = 64 * 1024;

/** Freed memory has no length. */
const lengths = (pieces: readonly Buffer[]): readonly number[] => [...new Set(pieces.map(({ length }) => length))];

test("memory that was given back last is taken first", () => {
  const pool = createPool({ bytes, kept: 2 });
  const [first, second] = [pool.take(), pool.take()];
  pool.giveBack(second);
  pool.giveBack(first);
  expect([pool.take() === first, pool.take() === second]).toEqual([true, true]);
});

test("what is idle and more than is kept is freed, without the garbage collector", { timeout: 60_000 }, async () => {
  const pool = createPool({ bytes, kept: 10 });
  const pieces = Array.from({ length: 100 }, () => pool.take());
  for (const piece of pieces) pool.giveBack(piece);
  expect(lengths(pieces)).toEqual([bytes]);
  // The test's own time limit is the hang guard.
  while (pieces.filter(({ length }) => length > 0).length > 10) await new Promise(setImmediate);
  expect(lengths(pieces.slice(90))).toEqual([bytes]);
  expect(lengths(Array.from({ length: 11 }, () => pool.take()))).toEqual([bytes]);
});
