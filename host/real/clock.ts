/** The system's clocks, and clocks that run by a multiple of them. */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import type { TrueTime } from "../clock/virtual.ts";
import type { Clock } from "../host.ts";
import { sleepBy } from "../sleep.ts";
import { alarmIn, prepareAlarms } from "./alarm.ts";

/** Node takes a longer timeout for 1 ms. */
const longestTimeoutMs = 2 ** 31 - 1;

/** What an exact timer leaves to an alarm: Node's timers are less late than this. */
const alarmMs = 3;

const boot = bootOfMachine();

/** Node counts from the start of the process, which says nothing to the next one: the system's own clock stood here then. */
const processStartMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();

export const realClock: Clock = clockOf({
  wall: () => Date.now(),
  monotonic: () => processStartMs + performance.now(),
  scale: 1,
});

export interface ScaledClock extends Clock {
  /** So many milliseconds pass in one of the machine's. */
  readonly scale: number;
  /** The same, for virtual clocks of processes. */
  readonly trueTime: TrueTime;
}

/** Shows the machine's time now, and runs by a multiple of it from then on. */
export function createScaledClock({ scale }: { readonly scale: number }): ScaledClock {
  const began = { raw: process.hrtime.bigint(), wall: BigInt(Date.now()) * 1_000_000n };
  const monotonicAt = (raw: bigint): bigint =>
    began.raw + (scale === 1 ? raw - began.raw : BigInt(Math.trunc(Number(raw - began.raw) * scale)));
  const wallAt = (raw: bigint): bigint => monotonicAt(raw) - began.raw + began.wall;
  const beganMs = performance.now();
  const monotonic = (): number => (performance.now() - beganMs) * scale;
  const wallMs = Number(began.wall / 1_000_000n);
  return {
    ...clockOf({ wall: () => wallMs + monotonic(), monotonic, scale }),
    scale,
    trueTime: { scale, wallAt, monotonicAt },
  };
}

interface Shown {
  readonly wall: () => number;
  readonly monotonic: () => number;
  readonly scale: number;
}

function clockOf({ wall, monotonic, scale }: Shown): Clock {
  /** Never early: Node's timers may fire up to a millisecond before their time. */
  const arm = (milliseconds: number, { keepAlive = false, exact = false }, callback: () => void): Disposable => {
    const due = monotonic() + milliseconds;
    let waiting: Disposable;
    const wait = (remaining: number): void => {
      const leftMs = remaining / scale;
      const byAlarm = exact && leftMs <= alarmMs ? alarmIn(leftMs, wake) : undefined;
      // Node cuts off fractions: it would wake too early nearly always, and once more a millisecond later.
      waiting = byAlarm ?? timeoutIn(exact && leftMs > alarmMs ? leftMs - alarmMs : Math.ceil(leftMs), keepAlive, wake);
    };
    const wake = (): void => {
      const remaining = due - monotonic();
      if (remaining > 0) wait(remaining);
      else callback();
    };
    if (exact) void prepareAlarms();
    wait(milliseconds);
    return { [Symbol.dispose]: () => waiting[Symbol.dispose]() };
  };
  return {
    wall,
    monotonic,
    boot,
    sleep: (milliseconds, waiting) => sleepBy((wake) => arm(milliseconds, { keepAlive: true }, wake), waiting),
    timer: (milliseconds, callback, precision) => arm(milliseconds, { ...precision }, callback),
  };
}

function timeoutIn(milliseconds: number, keepAlive: boolean, callback: () => void): Disposable {
  const timeout = setTimeout(callback, Math.min(milliseconds, longestTimeoutMs));
  if (!keepAlive) timeout.unref();
  return { [Symbol.dispose]: () => clearTimeout(timeout) };
}

/** Where the system does not tell, each process has one of its own: then nobody compares what can't be compared. */
function bootOfMachine(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return randomUUID();
  }
}
