import { describe, expect, test } from "vitest";
import { createTestClock } from "./clocks.testing.ts";
import { createGuards, type Guard } from "./guards.ts";
import { createTimescale } from "./timescale.ts";

const day = 86_400_000;

function rig(...without: readonly Guard[]) {
  const host = createTestClock();
  const timescale = createTimescale(host, createGuards(without));
  const fired: number[] = [];
  const began = host.monotonic();
  const after = (milliseconds: number): Disposable =>
    timescale.clock.timer(milliseconds, () => fired.push(host.monotonic() - began));
  return { host, timescale, after, fired };
}

describe("a timer", () => {
  test.for([-5 * day, -40_000, 40_000, 5 * day])("takes its time, whatever the wall clock jumps by (%d ms)", (by) => {
    const { host, after, fired } = rig();
    after(60_000);
    host.pass(30_000);
    host.step(by);
    host.pass(29_999);
    expect(fired).toEqual([]);
    host.pass(1);
    expect(fired).toEqual([60_000]);
  });

  test("without monotonic-durations it is early by a step forward, at the next glance, and late by one back", () => {
    for (const [by, expected] of [
      [40_000, 40_000],
      [-40_000, 100_000],
    ] as const) {
      const { host, after, fired } = rig("monotonic-durations", "pending-input-first");
      after(60_000);
      host.pass(30_000);
      host.step(by);
      host.pass(1_000_000);
      expect(fired).toEqual([expected]);
    }
  });

  test("follows the rate at which time passes, be it set before or after", () => {
    const { host, timescale, after, fired } = rig();
    after(60_000);
    host.pass(30_000);
    timescale.setRate(1.5);
    after(60_000);
    host.pass(1_000_000);
    expect(fired).toEqual([50_000, 70_000]);
  });

  test("that is disposed never fires", () => {
    const { host, timescale, after, fired } = rig();
    after(10)[Symbol.dispose]();
    timescale.setRate(2);
    host.pass(1000);
    expect(fired).toEqual([]);
  });
});

describe("a process that stood still", () => {
  test("reads what has arrived before its deadlines are over, and says how late it was", () => {
    const { host, timescale, after, fired } = rig();
    after(10_000);
    expect(timescale.lagMs()).toBe(0);
    host.freeze(60_000);
    expect(fired).toEqual([]);
    expect(timescale.lagMs()).toBe(50_000);
    host.pass(1000);
    expect(fired).toEqual([61_000]);
    host.pass(1000);
    expect(timescale.lagMs()).toBe(0);
  });

  test("gives everything up at once without pending-input-first", () => {
    const { host, after, fired } = rig("pending-input-first");
    after(10_000);
    host.freeze(60_000);
    expect(fired).toEqual([60_000]);
  });
});
