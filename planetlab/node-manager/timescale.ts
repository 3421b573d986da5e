/**
 * The time that everything in the Node Manager waits by: it passes evenly, whatever is done to the wall clock.
 *
 *     wall clock ── less what it has jumped ──► × rate ──► now, timers, sleeps
 *
 * Whatever lasts for a while (deadlines, pauses, collections, leases) gets its clock from here, so that there is one place to be right in.
 */
import type { Clock } from "../../host/host.ts";
import { sleepBy } from "../../host/sleep.ts";
import type { Guards } from "./guards.ts";

export interface Timescale {
  /** Its `monotonic` is this time; its `wall` is the host's. */
  readonly clock: Clock;
  /** From now on so much time passes here in one second of the machine's clock. */
  setRate(rate: number): void;
  rate(): number;
  /** By how much what was due has just been late: the process stood still, or is starved of CPU. */
  lagMs(): number;
}

interface Alarm {
  readonly due: number;
  readonly callback: () => void;
  isExcused: boolean;
  timer: Disposable;
}

/** Later than this is more than what a loaded event loop does: the process stood still. */
const lateMs = 1000;
/** In this time a process that stood still reads what has arrived meanwhile. */
const graceMs = 1000;
/** Half a step of rounding is nothing to wait for: it would be again and again. */
const roundingMs = 0.001;
/** However long something waits, now and then it is seen whether its time has come: what is the time may have been corrected. */
const glanceMs = 10_000;

export function createTimescale(host: Clock, guards: Guards): Timescale {
  const began = host.wall() - host.monotonic();
  const jumped = guards.has("monotonic-durations") ? () => host.wall() - host.monotonic() - began : none;
  const raw = (): number => host.wall() - jumped();
  let base = { raw: raw(), now: host.monotonic() };
  let rate = 1;
  let late = { at: -Infinity, milliseconds: 0 };
  const alarms = new Set<Alarm>();
  const now = (): number => base.now + (raw() - base.raw) * rate;

  const arm = (alarm: Alarm, milliseconds: number): void => {
    alarm.timer = host.timer(Math.min(glanceMs, Math.max(0, milliseconds / rate)), () => wake(alarm));
  };
  const wake = (alarm: Alarm): void => {
    const over = now() - alarm.due;
    if (over < -roundingMs) return arm(alarm, -over);
    if (over > lateMs && !alarm.isExcused) {
      alarm.isExcused = true;
      late = { at: host.monotonic(), milliseconds: over };
      if (guards.has("pending-input-first")) return arm(alarm, graceMs);
    }
    alarms.delete(alarm);
    alarm.callback();
  };
  const settle = (): void => {
    for (const alarm of alarms) {
      alarm.timer[Symbol.dispose]();
      arm(alarm, alarm.due - now());
    }
  };
  const timer: Clock["timer"] = (milliseconds, callback) => {
    const alarm: Alarm = { due: now() + milliseconds, callback, isExcused: false, timer: nothing };
    alarms.add(alarm);
    arm(alarm, milliseconds);
    return {
      [Symbol.dispose]() {
        alarms.delete(alarm);
        alarm.timer[Symbol.dispose]();
      },
    };
  };

  return {
    clock: {
      wall: () => host.wall(),
      monotonic: now,
      boot: host.boot,
      timer,
      sleep: (milliseconds, waiting) => sleepBy((fire) => timer(milliseconds, fire), waiting),
    },
    rate: () => rate,
    setRate(wanted) {
      base = { raw: raw(), now: now() };
      rate = wanted;
      settle();
    },
    lagMs: () => (host.monotonic() - late.at <= graceMs ? late.milliseconds : 0),
  };
}

const none = (): number => 0;
const nothing: Disposable = { [Symbol.dispose]() {} };
