import { describe, expect, test } from "vitest";
import { repeated, runsFor } from "./repeat.ts";

/** Fails at every so many-th run. */
function flaky(every: number): {
  readonly trial: (text: string) => Promise<{ at: number } | undefined>;
  readonly runs: () => number;
} {
  let runs = 0;
  return {
    runs: () => runs,
    async trial(text) {
      runs += 1;
      return text.includes("bad") && runs % every === 0 ? { at: runs } : undefined;
    },
  };
}

describe("a failure that comes and goes", () => {
  test("is measured first, in ten runs", async () => {
    const { trial, runs } = flaky(5);
    const again = repeated(trial);
    expect(await again.trial("bad")).toEqual({ at: 5 });
    expect(again.rate).toEqual({ failed: 2, runs: 10 });
    expect(runs()).toBe(10);
  });

  test("is looked for until it comes, as long as its rate asks for", async () => {
    const { trial, runs } = flaky(5);
    const again = repeated(trial);
    await again.trial("bad");
    expect(await again.trial("still bad")).toEqual({ at: 15 });
    expect(await again.trial("good")).toBeUndefined();
    expect(runs()).toBe(15 + runsFor({ failed: 2, runs: 10 }));
  });

  test("that never comes again has no rate", async () => {
    const again = repeated(flaky(11).trial);
    expect(await again.trial("bad")).toBeUndefined();
    expect(again.rate).toBeUndefined();
  });
});

test.each([
  [10, 1],
  [9, 2],
  [5, 7],
  [1, 44],
])("what failed in %i of 10 runs is tried %i times", (failed, times) => {
  expect(runsFor({ failed, runs: 10 })).toBe(times);
});
