import { expect, test } from "vitest";
import type { Outcome } from "../hunt/ledger.ts";
import { renderHunted, renderHuntProgress } from "./hunt.ts";

const nothing: Outcome = { tried: 0, passed: 0, failed: 0, unknown: 0, catches: [] };
const some: Outcome = { tried: 250, passed: 240, failed: 3, unknown: 7, catches: [] };

test.each([
  [{ outcome: nothing, total: 1000, elapsedMs: 0, cells: 1 }, "0 of 1000 seeds"],
  [
    { outcome: some, total: 1000, elapsedMs: 12_500, cells: 1 },
    "250 of 1000 seeds · 20.0 a second · 240 passed · 3 failed · 7 unknown · about 37s left",
  ],
  [
    { outcome: some, total: 250, elapsedMs: 50_000, cells: 2 },
    "250 of 250 runs · 5.00 a second · 240 passed · 3 failed · 7 unknown",
  ],
])("how far it is: %#", (state, line) => {
  expect(renderHuntProgress(state)).toBe(line);
  expect(renderHuntProgress(state, 40).length).toBeLessThanOrEqual(40);
});

test.each([
  [{ outcome: nothing, total: 1, elapsedMs: 0, cells: 1 }, "0 of 1 seed in 0.0s: nothing was finished"],
  [
    { outcome: some, total: 1000, elapsedMs: 12_500, cells: 1 },
    "250 of 1000 seeds in 12.5s, 20.0 a second: 240 passed, 3 failed, 7 unknown",
  ],
  [
    { outcome: { ...some, tried: 1000, passed: 990 }, total: 1000, elapsedMs: 1000, cells: 4 },
    "1000 runs in 1.0s, 1000.0 a second: 990 passed, 3 failed, 7 unknown",
  ],
])("what came of it: %#", (state, line) => {
  expect(renderHunted(state)).toBe(line);
});
