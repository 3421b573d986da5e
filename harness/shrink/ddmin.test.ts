import { array, assert, asyncProperty, integer, nat, subarray, uniqueArray } from "fast-check";
import { expect, test } from "vitest";
import { ddmin } from "./ddmin.ts";

const numbers = Array.from({ length: 100 }, (_, n) => n);

test("finds the few that matter, in order, in few tries", async () => {
  const needed = [3, 50, 51];
  let tries = 0;
  const left = await ddmin(numbers, async (subset) => {
    tries += 1;
    return needed.every((item) => subset.includes(item));
  });
  expect(left).toEqual(needed);
  expect(tries).toBeLessThan(80);
});

test("is left with nothing if it fails without any", async () => {
  expect(await ddmin(numbers, async () => true)).toEqual([]);
});

test("the result fails, and does not without any one of its items, whatever it depends on", async () => {
  await assert(
    asyncProperty(
      uniqueArray(nat(40), { minLength: 1, maxLength: 30 }),
      array(array(nat(40), { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 }),
      integer({ min: 2, max: 7 }),
      async (items, reasons, odd) => {
        // Any of the reasons is enough, all are enough, and some sums are, for no reason: so that it is not monotone.
        const wrong = (subset: readonly number[]): boolean =>
          subset.length === items.length ||
          reasons.some((reason) => reason.every((item) => subset.includes(item))) ||
          (subset.length > 2 && subset.reduce((sum, item) => sum + item, 0) % odd === 1);
        const left = await ddmin(items, async (subset) => wrong(subset));
        expect(wrong(left)).toBe(true);
        for (const item of left) expect(wrong(left.filter((other) => other !== item))).toBe(false);
      },
    ),
    { numRuns: 500 },
  );
});

test("what is left is in the order in which it was", async () => {
  await assert(
    asyncProperty(subarray(numbers, { minLength: 1 }), async (needed) => {
      expect(await ddmin(numbers, async (subset) => needed.every((item) => subset.includes(item)))).toEqual(needed);
    }),
  );
});
