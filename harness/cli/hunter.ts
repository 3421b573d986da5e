/** A thread that tries what it is given, one batch after another. Its programs and faults are instances of its own. */
import { parentPort, workerData } from "node:worker_threads";
import { attempt } from "../hunt/attempt.ts";
import type { Quarry } from "../hunt/attempt.ts";
import type { Attempt, Batch } from "../hunt/ledger.ts";
import { loadPrograms } from "../worlds/sim/programs.ts";

/** `ready`: it waits for a batch. */
export type FromHunter = { readonly type: "ready" } | { readonly type: "attempt"; readonly attempt: Attempt };

const port = parentPort;
if (port === null) throw new Error("this is a thread of sinbin hunt, and nothing to start by itself");
const quarry = workerData as Quarry;
const programs = await loadPrograms([quarry.plan]);
// Whoever has had enough ends the thread.
const { signal } = new AbortController();
const say = (message: FromHunter): void => port.postMessage(message);

async function tryAll({ from, count }: Batch): Promise<void> {
  for (let n = from; n < from + count; n++)
    say({ type: "attempt", attempt: await attempt(quarry, n, { programs, signal }) });
  say({ type: "ready" });
}

// What it throws ends the thread, and is told to the one who started it.
port.on("message", (batch: Batch) => void tryAll(batch));
say({ type: "ready" });
