/**
 * The virtual clock of a service: what it shows, made from true time, and what its processes have seen of it.
 *
 *     true time ──rate, slew──► monotonic ──wall rate, steps──► wall    the main process
 *                                                   └── + ahead ──► wall    all others
 */
import type { Clock } from "../host.ts";
import { realClock } from "../real/clock.ts";
import { sleepBy } from "../sleep.ts";
import { createAlarms } from "./alarms.ts";
import { createClockPage } from "./page.ts";
import type { Regime } from "./page.ts";

/** Time as it passes where the service runs. `raw` in both directions: the kernel's monotonic clock, in nanoseconds. */
export interface TrueTime {
  /** So many nanoseconds pass in one of the kernel's. */
  readonly scale: number;
  /** Nanoseconds since the Unix epoch. */
  wallAt(raw: bigint): bigint;
  monotonicAt(raw: bigint): bigint;
}

/** Which look shows that a change has arrived: at the wall clock, or at any; by anybody, or by a process that is not the main one. */
export interface Look {
  readonly at: "wall" | "any";
  readonly by?: "anybody" | "others";
}

export interface VirtualClock extends AsyncDisposable {
  /** By what the wall clock is ahead of the true time, in milliseconds. */
  error(): number;
  /** What the wall clock shows, in milliseconds since the Unix epoch. */
  wall(): number;
  /** The wall clock jumps, and so may the one that counts the time in which the machine is suspended. The monotonic clock does not. */
  step(by: { readonly wall: number; readonly boottime?: number }): void;
  /** All clocks run by `rate` of true time, the wall clock by `wall` of that. */
  setPace(pace: { readonly rate: number; readonly wall: number }): void;
  /** Somebody steers it: all clocks run by so much of that pace. */
  setSlew(slew: number): void;
  /** All processes but the main one see a wall clock that is ahead by so much. */
  setOthers(aheadMs: number): void;
  /** Calls back once a process has looked at what is in force now. */
  onSeen(look: Look, callback: () => void): void;
  /** Whether any process has ever looked at it, or waited by it. */
  wasSeen(): boolean;
  /** The same clock for a host: whoever waits by it follows it. */
  readonly clock: Clock;
}

export interface VirtualClockOptions {
  /** Of the page, which is made. */
  readonly path: string;
  readonly time: TrueTime;
  /** Calls back after so many milliseconds of real time. */
  readonly wait: (milliseconds: number, callback: () => void) => Disposable;
  /** Other users may map the page as well. */
  readonly shared?: boolean;
}

interface Waiting {
  readonly look: Look;
  readonly sequence: bigint;
  readonly callback: () => void;
}

/** How often it is looked whether a process has seen its clock, in real time. */
const lookEveryMs = 20;

export function createVirtualClock({ path, time, wait, shared = false }: VirtualClockOptions): VirtualClock {
  const page = createClockPage(path, { shared });
  let pace = { rate: 1, wall: 1 };
  let slew = 1;
  let ahead = 0n;
  let now: Regime = { raw: 0n, monotonic: 0n, wall: 0n, boot: 0n, rate: 1, wallRate: 1 };
  let sequence = 0n;
  let waiting: readonly Waiting[] = [];
  let timer: Disposable | undefined;

  const change = (by: { readonly wall?: bigint; readonly boot?: bigint }): void => {
    sequence = page.write((raw) => {
      now = {
        raw,
        monotonic: shown(now.monotonic, raw - now.raw, now.rate),
        wall: shown(now.wall, raw - now.raw, now.wallRate) + (by.wall ?? 0n),
        boot: now.boot + (by.boot ?? 0n),
        rate: time.scale * pace.rate * slew,
        wallRate: time.scale * pace.rate * slew * pace.wall,
      };
      return [now, { ...now, wall: now.wall + ahead }];
    });
    alarms.changed();
  };
  const monotonicNow = (): bigint => shown(now.monotonic, process.hrtime.bigint() - now.raw, now.rate);
  const alarms = createAlarms({ now: monotonicNow, rate: () => now.rate, wait });
  const arm = (milliseconds: number, callback: () => void): Disposable =>
    milliseconds === Infinity
      ? { [Symbol.dispose]: () => {} }
      : alarms.at(monotonicNow() + nanoseconds(milliseconds), callback);
  sequence = page.write((raw) => {
    now = {
      raw,
      monotonic: time.monotonicAt(raw),
      wall: time.wallAt(raw),
      boot: 0n,
      rate: time.scale,
      wallRate: time.scale,
    };
    return [now, now];
  });

  const ask = (): void => {
    timer = undefined;
    const { main, others } = page.seen();
    const isSeen = ({ look: { at, by }, sequence: since }: Waiting): boolean =>
      others[at] >= since || (by !== "others" && main[at] >= since);
    const over = waiting.filter(isSeen);
    waiting = waiting.filter((each) => !isSeen(each));
    for (const { callback } of over) callback();
    if (waiting.length > 0) timer ??= wait(lookEveryMs, ask);
  };
  const wallNow = (): bigint => {
    const raw = process.hrtime.bigint();
    return shown(now.wall, raw - now.raw, now.wallRate);
  };

  return {
    wall: () => milliseconds(wallNow()),
    error: () => milliseconds(wallNow() - time.wallAt(process.hrtime.bigint())),
    step: ({ wall, boottime = 0 }) => change({ wall: nanoseconds(wall), boot: nanoseconds(boottime) }),
    setPace(wanted) {
      pace = wanted;
      change({});
    },
    setSlew(wanted) {
      slew = wanted;
      change({});
    },
    setOthers(aheadMs) {
      ahead = nanoseconds(aheadMs);
      change({});
    },
    onSeen(look, callback) {
      waiting = [...waiting, { look, sequence, callback }];
      timer ??= wait(lookEveryMs, ask);
    },
    wasSeen() {
      const { main, others } = page.seen();
      return main.any > 0n || others.any > 0n;
    },
    clock: {
      boot: realClock.boot,
      wall: () => milliseconds(wallNow()),
      monotonic: () => Number(monotonicNow()) / 1e6,
      sleep: (time, waiting) => sleepBy((wake) => arm(time, wake), waiting),
      timer: arm,
    },
    async [Symbol.asyncDispose]() {
      timer?.[Symbol.dispose]();
      ask();
      // Whoever is left waits for nothing any more.
      timer?.[Symbol.dispose]();
      page[Symbol.dispose]();
    },
  };
}

/** As the library counts it. */
function shown(base: bigint, passed: bigint, rate: number): bigint {
  return base + (rate === 1 ? passed : BigInt(Math.trunc(Number(passed) * rate)));
}

function nanoseconds(milliseconds: number): bigint {
  return BigInt(Math.round(milliseconds * 1e6));
}

/** To a microsecond, which is what a number can hold of such a time. */
function milliseconds(nanoseconds: bigint): number {
  return Number(nanoseconds / 1000n) / 1000;
}
