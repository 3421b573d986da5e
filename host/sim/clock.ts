/**
 * A machine's clocks, made from true time: the wall clock can be stepped, both can run fast or slow or stand still, and those of two machines differ.
 *
 *     true time ──rate──► monotonic ──wall rate, + offset──► wall
 */
import type { Clock } from "../host.ts";
import { sleepBy } from "../sleep.ts";
import type { SimulatedProcess } from "./process.ts";
import { momentMs, type VirtualTime } from "./time.ts";

/** What a clock fault acts on. */
export interface MachineClock {
  /** Milliseconds on the machine's own monotonic clock. */
  monotonic(): number;
  /** Names the start of the machine that the monotonic clock counts from. */
  boot(): string;
  /** The machine starts anew: the monotonic clock begins at 0, and the wall clock goes on. Nobody may be waiting. */
  reboot(): void;
  /** Milliseconds since the Unix epoch, as the machine believes. */
  wall(): number;
  /** The wall clock jumps; the monotonic clock does not. */
  step(milliseconds: number): void;
  /** How many milliseconds pass here in one of true time; 0 stands still. Timers follow. @throws {RangeError} below 0. */
  setRate(rate: number): void;
  /** How many milliseconds pass on the wall in one of the monotonic clock; below 0 it runs backwards. */
  setWallRate(rate: number): void;
  /** By what the wall clock is ahead of one that nobody has touched. */
  error(): number;
  /** Calls back once when a process has looked at the wall clock, or at either of them and be it to wait by it. */
  onLook(at: "wall" | "any", callback: () => void): void;
  looked(at: "wall" | "monotonic"): void;
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
  let boots = 1;
  /** `wall` is what the wall clock showed when the monotonic one showed `monotonic`. */
  let hung = { monotonic: upMs, wall: epochMs, rate: 1 };
  const alarms = new Set<Alarm>();
  let watchers: readonly { readonly at: "wall" | "any"; readonly callback: () => void }[] = [];

  const monotonic = (): number => base.monotonic + (time.now() - base.truth) * rate;
  const wall = (): number => {
    const passed = monotonic() - hung.monotonic;
    return hung.wall + (hung.rate === 1 ? passed : passed * hung.rate);
  };
  const looked = (at: "wall" | "monotonic"): void => {
    if (watchers.length === 0) return;
    const told = watchers.filter((watcher) => watcher.at === "any" || at === "wall");
    watchers = watchers.filter((watcher) => !told.includes(watcher));
    for (const { callback } of told) callback();
  };
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
    boot: () => `boot-${boots}`,
    reboot() {
      hung = { ...hung, monotonic: 0, wall: wall() };
      base = { truth: time.now(), monotonic: 0 };
      boots += 1;
    },
    wall,
    step(milliseconds) {
      hung = { ...hung, wall: hung.wall + milliseconds };
    },
    setWallRate(wanted) {
      hung = { monotonic: monotonic(), wall: wall(), rate: wanted };
    },
    error: () => wall() - (epochMs + time.now()),
    onLook(at, callback) {
      watchers = [...watchers, { at, callback }];
      // Who waits by it has looked.
      if (alarms.size > 0) looked("monotonic");
    },
    looked,
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
    machine.looked("monotonic");
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
    wall() {
      machine.looked("wall");
      return machine.wall();
    },
    monotonic() {
      machine.looked("monotonic");
      return machine.monotonic();
    },
    get boot() {
      return machine.boot();
    },
    timer: arm,
    sleep: (milliseconds, waiting) => sleepBy((wake) => arm(milliseconds, wake), waiting),
  };
}
