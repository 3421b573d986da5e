/** Shares of the CPU, on a machine whose kernel knows processes only: each of those that may run gets as much as any other. */
import { expect, test } from "vitest";
import { createTurns } from "./turns.ts";

interface Slice {
  readonly name: string;
  readonly weight: number;
  readonly processes: number;
  /** Wants nothing in these windows. */
  readonly rests?: (window: number) => boolean;
}

const [cpus, turnMs, windowMs] = [2, 25, 5000];

/** What each of them has used in each window of five seconds, in milliseconds. */
function run(slices: readonly Slice[], windows: number, mayHold = true): ReadonlyMap<string, number>[] {
  const turns = createTurns(cpus);
  let running: ReadonlySet<string> = new Set(slices.map(({ name }) => name));
  return Array.from({ length: windows }, (_, window) => {
    const used = new Map(slices.map(({ name }) => [name, 0]));
    for (let at = 0; at < windowMs; at += turnMs) {
      const awake = slices.filter(({ name, rests }) => running.has(name) && rests?.(window) !== true);
      const processes = awake.reduce((sum, each) => sum + each.processes, 0);
      const each = Math.min(turnMs, (cpus * turnMs) / processes);
      const last = new Map(
        awake.map((slice) => [slice.name, { spentMs: each * slice.processes, active: slice.processes }]),
      );
      for (const [name, { spentMs }] of last) used.set(name, (used.get(name) ?? 0) + spentMs);
      const claims = slices.map(({ name, weight }) => ({
        name,
        weight,
        last: running.has(name) ? (last.get(name) ?? { spentMs: 0, active: 0 }) : undefined,
      }));
      if (mayHold) running = turns.next(claims, turnMs);
    }
    return used;
  });
}

/** By how much the worst of them is off its share by weight. */
function worst(used: ReadonlyMap<string, number>, slices: readonly Slice[]): number {
  const all = slices.reduce((sum, { name }) => sum + (used.get(name) ?? 0), 0);
  const weights = slices.reduce((sum, { weight }) => sum + weight, 0);
  return Math.max(
    ...slices.map(({ name, weight }) => Math.abs(((used.get(name) ?? 0) * weights) / (all * weight) - 1)),
  );
}

const spinners: readonly Slice[] = Array.from({ length: 20 }, (_, n) => ({
  name: `slice_${n}`,
  weight: [1, 2, 4][n % 3] ?? 1,
  processes: n === 0 ? 100 : 1,
}));

test("twenty spinners have their shares by weights 1:2:4 in each window, one with a hundred processes as well", () => {
  const [, ...windows] = run(spinners, 6);
  for (const used of windows) {
    expect(worst(used, spinners)).toBeLessThan(0.25);
    // Nobody's CPU is left alone.
    expect([...used.values()].reduce((sum, each) => sum + each)).toBeGreaterThan(0.9 * cpus * windowMs);
  }
  const [, held] = run(spinners, 2, false);
  expect(worst(held ?? new Map(), spinners)).toBeGreaterThan(5);
});

test("whoever rests is held by nobody, and when it wakes it has its share and no more", () => {
  const slices = [
    { name: "slice_a", weight: 1, processes: 1, rests: (window: number) => window < 3 },
    ...[1, 2, 3].map((n) => ({ name: `slice_${n}`, weight: 1, processes: 1 })),
  ];
  const windows = run(slices, 6);
  expect(windows.slice(0, 3).map((used) => used.get("slice_a"))).toEqual([0, 0, 0]);
  for (const used of windows.slice(3)) expect(worst(used, slices)).toBeLessThan(0.25);
});

test("whoever can't use its share leaves it to the others, and does not save it up", () => {
  let processes = 1;
  const slices: readonly Slice[] = [
    {
      name: "slice_a",
      weight: 100,
      get processes() {
        return processes;
      },
      rests(window) {
        if (window >= 20) processes = 100;
        return false;
      },
    },
    ...[1, 2].map((n) => ({ name: `slice_${n}`, weight: 1, processes: 1 })),
  ];
  const windows = run(slices, 23);
  expect(windows[10]?.get("slice_a")).toBeGreaterThan(0.95 * windowMs);
  expect(windows[10]?.get("slice_1")).toBeGreaterThan(0.45 * windowMs);
  expect(windows[22]?.get("slice_1")).toBeGreaterThan(0);
});
