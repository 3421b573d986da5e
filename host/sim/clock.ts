/**
 * A machine's clocks, made from true time: the wall clock can be stepped, both can run fast or slow or stand still, and those of two machines differ.
 *
 *     true time ──rate──► monotonic ──+ offset──► wall
 */
import type { Clock } from "../host.ts";
import { sleepBy } from "../sleep.ts";
import type { SimulatedProcess } from "./process.ts";
import { momentMs, type VirtualTime } from "./time.ts";

/** What a clock fault acts on. */
export interface MachineClock {
  /** Milliseconds on the machine's own monotonic clock. */
  monotonic(): number;
  /** Milliseconds since the Unix epoch, as the machine believes. */
  wall(): number;
  /** The wall clock jumps; the monotonic clock does not. */
  step(milliseconds: number): void;
  /** How many milliseconds pass here in one of true time; 0 stands still. Timers follow. @throws {RangeError} below 0. */
  setRate(rate: number): void;
  /** Somebody steers the clock: it runs by so much of that rate, whatever the rate is. */
  setSlew(slew: number): void;
  /** Calls back when the monotonic clock shows this, however it gets there. */
  at(monotonic: number, callback: () => void): Disposable;
}

export interface MachineClockOptions {
  readonly time: VirtualTime;
  /** What the wall clock shows when the simulation begins. */
  readonly epochMs: number;
  /** What the monotonic clock shows then. */
  readonly upMs: number;
}

interface Alarm {
  readonly at: number;
  readonly callback: () => void;
  timer: Disposable;
}

export function createMachineClock({ time, epochMs, upMs }: MachineClockOptions): MachineClock {
  /** By itself, as it is steered, and both together. */
  let [own, slew, rate] = [1, 1, 1];
  let base = { truth: 0, monotonic: upMs };
  let offset = epochMs - upMs;
  const alarms = new Set<Alarm>();

  const monotonic = (): number => base.monotonic + (time.now() - base.truth) * rate;
  const truthOf = (shown: number): number => (rate === 0 ? Infinity : base.truth + (shown - base.monotonic) / rate);
  const arm = (alarm: Alarm, earliest = 0): Disposable =>
    time.at(Math.max(earliest, truthOf(alarm.at)), () => {
      // A rate that is no power of two leaves a rounding, which the very next moment makes good.
      if (monotonic() < alarm.at) {
        alarm.timer = arm(alarm, time.now() + momentMs);
        return;
      }
      alarms.delete(alarm);
      alarm.callback();
    });

  /** What waits by it is due at another time now. */
  function settle(): void {
    base = { truth: time.now(), monotonic: monotonic() };
    rate = own * slew;
    for (const alarm of alarms) {
      alarm.timer[Symbol.dispose]();
      alarm.timer = arm(alarm);
    }
  }

  return {
    monotonic,
    wall: () => monotonic() + offset,
    step(milliseconds) {
      offset += milliseconds;
    },
    setRate(wanted) {
      if (!(wanted >= 0)) throw new RangeError(`a clock can't run at the rate ${wanted}: write 0 or more`);
      own = wanted;
      settle();
    },
    setSlew(wanted) {
      slew = wanted;
      settle();
    },
    at(shown, callback) {
      const alarm: Alarm = { at: shown, callback, timer: nothing };
      alarms.add(alarm);
      alarm.timer = arm(alarm);
      return {
        [Symbol.dispose]() {
          alarms.delete(alarm);
          alarm.timer[Symbol.dispose]();
        },
      };
    },
  };
}

const nothing: Disposable = { [Symbol.dispose]() {} };

/** Node takes a shorter timeout, and what is no number, for this: a loop that waits 0 ms lets time pass. */
const shortestTimeoutMs = 1;

/** The machine's clock as a process sees it. */
export function createClock(machine: MachineClock, process: SimulatedProcess): Clock {
  const arm = (milliseconds: number, callback: () => void): Disposable => {
    let cancelled = false;
    const owner = process.own(
      machine.at(machine.monotonic() + (milliseconds > shortestTimeoutMs ? milliseconds : shortestTimeoutMs), () => {
        owner[Symbol.dispose]();
        process.deliver(() => {
          if (!cancelled) callback();
        });
      }),
    );
    return {
      [Symbol.dispose]() {
        cancelled = true;
        owner[Symbol.dispose]();
      },
    };
  };
  return {
    wall: () => machine.wall(),
    monotonic: () => machine.monotonic(),
    timer: arm,
    sleep: (milliseconds, waiting) => sleepBy((wake) => arm(milliseconds, wake), waiting),
  };
}
