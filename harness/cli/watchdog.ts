/**
 * Simulated programs run in sinbin's own thread. One that computes without end would hold it for ever, and nobody would hear Ctrl-C.
 *
 *     this thread ── a beat every now and then ──► shared memory ──► a thread that only waits for the next one
 */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { WorldName } from "../worlds/world.ts";

/** Far longer than what any program needs to think, also on a machine that is busy. */
const defaultPatienceMs = 20_000;
const beatMs = 500;

export interface Watchdog extends Disposable {
  /** Resolves once it is awake, which takes a thread its time. */
  readonly watching: Promise<unknown>;
}

/** Until it is disposed of: says what is wrong and kills sinbin if it stands still for longer than that. In other worlds it can't. */
export function watchForEndlessTurns(world: WorldName, { patienceMs = defaultPatienceMs } = {}): Watchdog {
  const stack = new DisposableStack();
  const dispose = (): void => stack.dispose();
  if (world !== "sim") return { watching: Promise.resolve(), [Symbol.dispose]: dispose };
  const beats = new Int32Array(new SharedArrayBuffer(4));
  const thread = new URL("watchdog-thread.ts", import.meta.url);
  const watchdog = stack.adopt(new Worker(thread, { workerData: { beats, patienceMs } }), (it) => void it.terminate());
  watchdog.unref();
  const beat = (): void => {
    Atomics.add(beats, 0, 1);
    Atomics.notify(beats, 0);
  };
  stack.adopt(setInterval(beat, beatMs).unref(), clearInterval);
  return { watching: once(watchdog, "online"), [Symbol.dispose]: dispose };
}
