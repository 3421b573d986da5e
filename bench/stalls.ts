/**
 * When a processor of the machine stood still: on each of them a thread of real-time priority, which waits for nobody else, does nothing but wake up every
 * millisecond, and tells of each time when it was kept from it. A guest's processors do so whenever its host has something else to do, one while the others
 * go on, and then whatever is measured there is late.
 */
import { spawnSync } from "node:child_process";
import { readlinkSync } from "node:fs";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { cpusOf } from "../harness/worlds/local/load.ts";

/** Milliseconds. Nothing that measures or is measured keeps such a thread from its processor for so long. */
const noticed = 2;

/** In milliseconds of `process.hrtime`. */
interface Stall {
  readonly from: number;
  readonly to: number;
}

export interface Stalls extends AsyncDisposable {
  /** How long processors stood still between these moments, all in milliseconds of `process.hrtime`. */
  between(from: number, to: number): number;
}

async function watchStalls(): Promise<Stalls> {
  const seen: Stall[] = [];
  await using started = new AsyncDisposableStack();
  for (const processor of processors()) {
    const watcher = new Worker(new URL(import.meta.url), { workerData: processor });
    started.defer(async () => void (await watcher.terminate()));
    const begun = Promise.withResolvers<void>();
    watcher.on("message", (stall: Stall | null) => {
      if (stall === null) begun.resolve();
      else seen.push(stall);
    });
    watcher.on("error", begun.reject);
    await begun.promise;
  }
  const owned = started.move();
  return {
    between: (from, to) =>
      seen.reduce((sum, stall) => sum + Math.max(0, Math.min(to, stall.to) - Math.max(from, stall.from)), 0),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Where it can't be seen, nothing is set apart, and that is said: such threads are for root, on Linux, with the `taskset` and `chrt` of util-linux. */
export async function stallsOrNone(): Promise<Stalls> {
  try {
    return await watchStalls();
  } catch (error) {
    process.stdout.write(`it is not seen when the machine stands still: ${String(error)}\n`);
    return { between: () => 0, async [Symbol.asyncDispose]() {} };
  }
}

export const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** Those that this process may use. */
function processors(): readonly number[] {
  const list = cpusOf("self");
  if (list === undefined) throw new Error("the system does not say which processors there are");
  return list.split(",").flatMap((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, n) => first + n);
  });
}

function watch(processor: number): never {
  const thread = readlinkSync("/proc/thread-self").split("/").at(-1) ?? "";
  set("taskset", ["-p", "-c", String(processor), thread]);
  set("chrt", ["-f", "-p", "1", thread]);
  const nothing = new Int32Array(new SharedArrayBuffer(4));
  parentPort?.postMessage(null, []);
  for (let before = nowMs(); ;) {
    Atomics.wait(nothing, 0, 0, 1);
    const now = nowMs();
    if (now - before > noticed) parentPort?.postMessage({ from: before, to: now } satisfies Stall, []);
    before = now;
  }
}

function set(command: string, args: readonly string[]): void {
  const { status, error, stderr } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command}: ${error?.message ?? stderr.trim()}`);
}

if (!isMainThread) watch(workerData as number);
