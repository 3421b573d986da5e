import { expect, test } from "vitest";
import { usualStory } from "../judge/judge.testing.ts";
import type { Schedule } from "../schedule/schedule.ts";
import { atPace, createProgress, renderProgress } from "./progress.ts";

const schedule: Schedule = {
  plan: "sighup-storm",
  seed: 7,
  cell: {},
  params: {},
  phases: [
    { name: "warm-up", until: "steady", timeout: 10_000, steps: [] },
    { name: "storm", for: 10_000, steps: [] },
    { name: "heal", until: "steady", timeout: 20_000, steps: [] },
  ],
};

test.each([
  [0, "[2/6] sighup-storm · starting · about 10s left"],
  [1500, "[2/6] sighup-storm · warm-up 0s · about 10s left"],
  [3000, "[2/6] sighup-storm · storm 1s · on: drip · about 9s left"],
  [5250, "[2/6] sighup-storm · storm 3s · on: drip · 1 hit · about 6s left"],
  [11_000, "[2/6] sighup-storm · storm 9s · 1 hit · about 1s left"],
  [12_900, "[2/6] sighup-storm · heal 0s · 1 hit"],
])("%i ms into the run", (now, line) => {
  const progress = createProgress(schedule, { number: 2, of: 6 });
  for (const event of usualStory()) if (event.at <= now) progress.apply(event);
  expect(renderProgress(progress.state(now))).toBe(line);
});

test("in virtual time, what is left is told in the time of whoever waits, once there is a pace", () => {
  const state = { ...createProgress(schedule, { number: 1, of: 1 }).state(0), phase: "storm", leftMs: 23 * 3_600_000 };
  const at = (now: number, elapsedMs: number): string => renderProgress(atPace(state, { now, elapsedMs }));
  expect(at(3_600_000, 2000)).toBe("[1/1] sighup-storm · storm 0s · about 46s left");
  expect(at(3_600_000, 20)).toBe("[1/1] sighup-storm · storm 0s");
  expect(at(0, 0)).toBe("[1/1] sighup-storm · storm 0s");
});

test("the line never exceeds its width", () => {
  const state = createProgress(schedule, { number: 2, of: 6 }).state(0);
  expect(renderProgress({ ...state, faults: Array.from({ length: 50 }, (_, n) => `step-${n}`) }, 60)).toHaveLength(60);
});
