/**
 * Waits to a fraction of a millisecond. Node's timers wait whole milliseconds, and have the kernel wait whole milliseconds once more, from wherever in one
 * the loop is: what they call is up to two milliseconds late. A thread that sleeps on a moment (futex(2)) is late by some ten microseconds.
 *
 *     this thread ── the next moment ──► shared memory ──► a thread that only waits for it
 *                 ◄──────────── a message ─────────────────┘
 */
import { Worker } from "node:worker_threads";

export interface AlarmData {
  /** When to call, in nanoseconds of `process.hrtime`. */
  readonly moment: BigInt64Array;
  /** What stands there if nobody waits. */
  readonly none: bigint;
}

interface Waiting {
  readonly at: bigint;
  readonly callback: () => void;
}

/** The clocks compared are the same, but one of them is read as a fraction. */
const roundingNs = 1000n;
const none = 2n ** 63n - 1n;

/** In order of their time, and few: each waits here for its last milliseconds only. */
const waiting: Waiting[] = [];
/** A thread costs some megabytes, and takes its time to be there; a machine may have none to give. */
let thread: "none" | "starting" | "there" | "gone" = "none";
const known = Promise.withResolvers<void>();
const moment = new BigInt64Array(new SharedArrayBuffer(8)).fill(none);

/** Resolves when there are alarms, or there is no thread for them. */
export function prepareAlarms(): Promise<void> {
  if (thread === "none") start();
  return known.promise;
}

function start(): void {
  thread = "starting";
  const workerData: AlarmData = { moment, none };
  try {
    // Not by the flags of the process, which may be of what it evaluates.
    const started = new Worker(new URL("alarm-thread.ts", import.meta.url), { workerData, execArgv: [] });
    started.on("message", () => {
      thread = "there";
      known.resolve();
      callDue();
    });
    started.on("error", giveUp);
    // At the end: whoever listens to messages keeps the process alive again.
    started.unref();
  } catch {
    giveUp();
  }
}

/**
 * Calls back when so many milliseconds are over; disposing cancels. Keeps no process alive. Undefined if there is no thread for it: then Node's timers must
 * do. If it dies, it calls back at once.
 */
export function alarmIn(milliseconds: number, callback: () => void): Disposable | undefined {
  if (thread !== "there") return undefined;
  const mine: Waiting = { at: process.hrtime.bigint() + BigInt(Math.ceil(milliseconds * 1e6)) + roundingNs, callback };
  const before = waiting.findLastIndex(({ at }) => at <= mine.at) + 1;
  waiting.splice(before, 0, mine);
  if (before === 0) set();
  return {
    [Symbol.dispose]() {
      const index = waiting.indexOf(mine);
      if (index >= 0) waiting.splice(index, 1);
    },
  };
}

function giveUp(): void {
  thread = "gone";
  known.resolve();
  for (const { callback } of waiting.splice(0)) callback();
}

function set(): void {
  const at = waiting[0]?.at ?? none;
  if (Atomics.exchange(moment, 0, at) !== at) Atomics.notify(moment, 0);
}

function callDue(): void {
  const now = process.hrtime.bigint();
  try {
    for (let first = waiting[0]; first !== undefined && first.at <= now; first = waiting[0]) {
      waiting.shift();
      first.callback();
    }
  } finally {
    set();
  }
}
