/**
 * When the machine stood still: a thread that does nothing but wake up every millisecond tells of each time when it was kept from it. A guest does so whenever
 * its host has something else to do, and then whatever is measured in it is late.
 */
import { isMainThread, parentPort, Worker } from "node:worker_threads";

/** Milliseconds. Longer than the scheduler lets a thread wait that sleeps nearly always, if there is a processor. */
const noticed = 4;

/** In milliseconds of `process.hrtime`. */
interface Stall {
  readonly from: number;
  readonly to: number;
}

export interface Stalls extends AsyncDisposable {
  /** Whether it stood still at any moment of these, in milliseconds of `process.hrtime`. */
  between(from: number, to: number): boolean;
}

export async function watchStalls(): Promise<Stalls> {
  const seen: Stall[] = [];
  const watcher = new Worker(new URL(import.meta.url));
  const begun = Promise.withResolvers<void>();
  watcher.on("message", (stall: Stall | null) => {
    if (stall === null) begun.resolve();
    else seen.push(stall);
  });
  watcher.on("error", begun.reject);
  await begun.promise;
  return {
    between: (from, to) => seen.some((stall) => stall.from < to && from < stall.to),
    async [Symbol.asyncDispose]() {
      await watcher.terminate();
    },
  };
}

export const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6;

function watch(): never {
  const nothing = new Int32Array(new SharedArrayBuffer(4));
  parentPort?.postMessage(null, []);
  for (let before = nowMs(); ;) {
    Atomics.wait(nothing, 0, 0, 1);
    const now = nowMs();
    if (now - before > noticed) parentPort?.postMessage({ from: before, to: now } satisfies Stall, []);
    before = now;
  }
}

if (!isMainThread) watch();
