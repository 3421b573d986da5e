import { beforeEach, describe, expect, test } from "vitest";
import { createAlarms, type Alarms } from "./alarms.ts";

/** Milliseconds of real time, and a clock that is moved by hand. */
let real = 0;
let base = { real: 0, shown: 0n, rate: 1 };
let timers: { readonly at: number; readonly callback: () => void }[] = [];
let alarms: Alarms;
let rung: string[] = [];

const second = 1_000_000_000n;
const now = (): bigint => base.shown + BigInt(Math.round((real - base.real) * base.rate * 1e6));

function run(milliseconds: number): void {
  const until = real + milliseconds;
  for (;;) {
    const [next] = timers.toSorted((one, other) => one.at - other.at);
    if (next === undefined || next.at > until) break;
    timers = timers.filter((each) => each !== next);
    real = next.at;
    next.callback();
  }
  real = until;
}

function runAt(rate: number): void {
  base = { real, shown: now(), rate };
  alarms.changed();
}

beforeEach(() => {
  [real, timers, rung] = [0, [], []];
  base = { real: 0, shown: 0n, rate: 1 };
  alarms = createAlarms({
    now,
    rate: () => base.rate,
    wait(milliseconds, callback) {
      const timer = { at: real + milliseconds, callback };
      timers.push(timer);
      return { [Symbol.dispose]: () => void (timers = timers.filter((each) => each !== timer)) };
    },
  });
});

describe("an alarm", () => {
  test("rings when the clock shows its moment, and never again", () => {
    alarms.at(second, () => rung.push("one"));
    run(999);
    expect(rung).toEqual([]);
    run(1);
    expect(rung).toEqual(["one"]);
    run(10_000);
    expect(rung).toEqual(["one"]);
  });

  test("comes sooner or later when the rate changes, and not at all while the clock stands still", () => {
    alarms.at(10n * second, () => rung.push("ten"));
    run(1000);
    runAt(0);
    run(100_000);
    expect(rung).toEqual([]);
    runAt(9);
    run(999);
    expect(rung).toEqual([]);
    run(2);
    expect(rung).toEqual(["ten"]);
  });

  test("that is due rings even if the clock stands still", () => {
    runAt(0);
    alarms.at(0n, () => rung.push("due"));
    run(0);
    expect(rung).toEqual(["due"]);
  });

  test("that is disposed of does not ring, nor does one that another has disposed of meanwhile", () => {
    const gone = alarms.at(second, () => rung.push("gone"));
    alarms.at(second / 2n, () => gone[Symbol.dispose]());
    run(5000);
    runAt(2);
    run(5000);
    expect(rung).toEqual([]);
  });
});
