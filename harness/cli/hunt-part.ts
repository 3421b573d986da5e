/** A part of a hunt that goes on on many machines: the attempts of some numbers, told in a file. The machine that has them all makes sense of them. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Quarry } from "../hunt/attempt.ts";
import { batchSize, createLedger } from "../hunt/ledger.ts";
import type { Attempt, Batch, Ledger } from "../hunt/ledger.ts";
import { sendHunters } from "./hunters.ts";

export const attemptsFile = "attempts.json";

export interface HuntPartOptions {
  readonly quarry: Quarry;
  readonly part: Batch;
  readonly jobs: number;
  readonly keepGoing: boolean;
  /** Where the file goes. */
  readonly out: string;
  readonly signal: AbortSignal;
}

export async function huntPart({ quarry, part, jobs, keepGoing, out, signal }: HuntPartOptions): Promise<void> {
  const attempts: Attempt[] = [];
  const threads = Math.min(jobs, part.count);
  const ledger = shifted(
    createLedger({ total: part.count, batch: batchSize(part.count, threads), keepGoing }),
    part.from,
    (attempt) => attempts.push(attempt),
  );
  await sendHunters({ quarry, ledger, jobs: threads, signal });
  await mkdir(out, { recursive: true });
  await writeFile(join(out, attemptsFile), JSON.stringify(attempts));
}

/** The same ledger, with numbers that begin elsewhere. */
function shifted(ledger: Ledger, from: number, onAttempt: (attempt: Attempt) => void): Ledger {
  return {
    take() {
      const batch = ledger.take();
      return batch === undefined ? undefined : { ...batch, from: batch.from + from };
    },
    record(attempt) {
      onAttempt(attempt);
      ledger.record({ ...attempt, n: attempt.n - from });
    },
    get over() {
      return ledger.over;
    },
    outcome: () => ledger.outcome(),
  };
}
