import { expect, test } from "vitest";
import { createGuards } from "./guards.ts";
import { createNewest } from "./newest.ts";

/** What becomes of documents that were written at these times, one after the other. */
function used(written: readonly number[], { last, without = [] }: { last?: number; without?: readonly string[] } = {}) {
  const newest = createNewest({ guards: createGuards(without), confirmations: 3 }, { log: () => undefined, last });
  return written.map((time) => {
    const document = { serial: undefined, written: [time] };
    try {
      newest.check(document);
      newest.take(document);
      return true;
    } catch {
      return false;
    }
  });
}

test("a document that is older than the last one is refused, across a restart too", () => {
  expect(used([10, 20, 15, 20, 21])).toEqual([true, true, false, true, true]);
  expect(used([15], { last: 20 })).toEqual([false]);
});

test("the same old copy again and again stays refused; documents that go on from an earlier time are used from the third on", () => {
  expect(used([100, 10, 10, 10, 10])).toEqual([true, false, false, false, false]);
  expect(used([100, 10, 11, 12, 13])).toEqual([true, false, false, true, true]);
  expect(used([100, 10, 11, 101, 12])).toEqual([true, false, false, true, false]);
});

test("without the guards it is never believed, or nothing is refused", () => {
  expect(used([100, 10, 11, 12, 13], { without: ["believe-publisher-reset"] })).toEqual([
    true,
    false,
    false,
    false,
    false,
  ]);
  expect(used([100, 10], { without: ["publisher-order"] })).toEqual([true, true]);
});
