/** The threads of a hunt: each has an event loop to itself, so that each run has one. What dies is an error, and never waited for. */
import { Worker } from "node:worker_threads";
import { keepingCompiled } from "../../host/compiled.ts";
import { HarnessError } from "../errors.ts";
import type { Quarry } from "../hunt/attempt.ts";
import type { Batch, Ledger } from "../hunt/ledger.ts";
import type { FromHunter } from "./hunter.ts";

/** Whoever tries what a ledger hands out. */
export interface Hunters extends AsyncDisposable {
  /** `4 at a time`, `on 3 nodes`. */
  readonly howMany: string;
  /** So many numbers are best handed out at a time. */
  readonly batch: number;
  /** Where they are, for so many columns. */
  where?(width: number): string;
  /** Resolves when nothing can change the outcome any more. @throws what they can't get over. */
  send(ledger: Ledger): Promise<void>;
}

export interface HuntersOptions {
  readonly quarry: Quarry;
  readonly ledger: Ledger;
  readonly jobs: number;
  readonly signal: AbortSignal;
}

/**
 * Resolves when nothing can change the outcome any more.
 *
 * @throws the signal's reason. @throws {HarnessError} if a thread ran out of memory. @throws {Error} what a thread threw: a bug.
 */
export async function sendHunters({ quarry, ledger, jobs, signal }: HuntersOptions): Promise<void> {
  signal.throwIfAborted();
  const { promise: over, resolve, reject } = Promise.withResolvers<void>();
  const hunters: Worker[] = [];
  const stop = (): void => reject(signal.reason as Error);
  signal.addEventListener("abort", stop);
  try {
    for (let job = 0; job < jobs; job++) hunters.push(startHunter({ quarry, ledger, over: resolve, broken: reject }));
    await over;
  } finally {
    signal.removeEventListener("abort", stop);
    await Promise.all(hunters.map((hunter) => hunter.terminate()));
  }
}

interface HunterOptions {
  readonly quarry: Quarry;
  readonly ledger: Ledger;
  readonly over: () => void;
  readonly broken: (error: Error) => void;
}

function startHunter({ quarry, ledger, over, broken }: HunterOptions): Worker {
  const hunter = new Worker(new URL("hunter.ts", import.meta.url), { workerData: quarry, env: keepingCompiled() });
  let batch: Batch | undefined;
  hunter.on("message", (message: FromHunter) => {
    if (message.type === "attempt") {
      ledger.record(message.attempt);
      if (ledger.over) over();
      return;
    }
    batch = ledger.take();
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin.
    if (batch !== undefined) hunter.postMessage(batch);
  });
  hunter.on("error", (error: NodeJS.ErrnoException) => {
    broken(error.code === "ERR_WORKER_OUT_OF_MEMORY" ? outOfMemory(quarry, batch) : error);
  });
  hunter.on("messageerror", broken);
  // After an error, or after the end of the hunt, this comes too late to matter.
  hunter.on("exit", (code) => broken(new Error(`a thread of the hunt ended by itself, with code ${code}`)));
  return hunter;
}

function outOfMemory({ firstSeed, cells }: Quarry, batch: Batch | undefined): HarnessError {
  const seed = (n: number): number => firstSeed + Math.floor(n / cells.length);
  const where =
    batch === undefined ? "" : `, with a seed from ${seed(batch.from)} to ${seed(batch.from + batch.count - 1)}`;
  return new HarnessError(
    `a thread of the hunt ran out of memory${where}: the plan, or what it tests, keeps too much; NODE_OPTIONS=--max-old-space-size=4096 gives it 4 GiB`,
  );
}
