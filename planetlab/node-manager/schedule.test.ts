import { describe, expect, test } from "vitest";
import { createGuards } from "./guards.ts";
import { createSchedule } from "./schedule.ts";

const times = { pollMs: 600_000, pollJitterMs: 300_000, retryMs: 75_000 };
const drawing = (number: number) => ({ number: () => number });
const pauses = (without: readonly string[], number: number, ended: readonly ("good" | "failed" | "over-age")[]) => {
  const schedule = createSchedule(drawing(number), { ...times, guards: createGuards(without) });
  return ended.map((each) => schedule.nextMs(each) / 1000);
};

describe("the pause", () => {
  test("is the poll and a random part of the jitter", () => {
    expect(pauses([], 0.5, ["good", "good"])).toEqual([750, 750]);
  });

  test("doubles with each failure up to the poll, and begins anew after a good one", () => {
    const ended = ["failed", "failed", "failed", "failed", "failed", "good", "failed"] as const;
    expect(pauses([], 0, ended)).toEqual([75, 150, 300, 600, 600, 600, 75]);
    expect(pauses([], 0.5, ["failed"])).toEqual([56.25]);
  });

  test("is none behind the first one that was over age, and then that of a failure", () => {
    expect(pauses([], 0, ["over-age", "over-age", "over-age", "good", "over-age"])).toEqual([0, 75, 150, 600, 0]);
  });

  test("before the first fetch is random, but for one who knows nothing", () => {
    const schedule = createSchedule(drawing(0.5), { ...times, guards: createGuards([]) });
    expect([schedule.firstMs(true), schedule.firstMs(false)]).toEqual([150_000, 0]);
  });
});

test("without its guards it is the same each time, and after a failure as well", () => {
  expect(pauses(["poll-jitter", "backoff", "refetch-over-age"], 0.5, ["good", "failed", "failed", "over-age"])).toEqual(
    [600, 75, 75, 75],
  );
});
