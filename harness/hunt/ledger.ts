/**
 * The book of a hunt: which attempts are handed out, what came of each, and when enough is known.
 *
 *     take ──► hunters ──► record          in whatever order they come back
 *
 * What it says in the end does not depend on how many hunters there were: the first failure is that of the lowest number, and what was tried
 * beyond it does not count.
 */
import type { Verdict } from "../judge/finding.ts";

export interface Attempt {
  readonly n: number;
  readonly verdict: Verdict;
  /** The expectation by which it failed. */
  readonly failed?: string;
  /** Why it is unknown. */
  readonly reason?: string;
}

export interface Batch {
  readonly from: number;
  readonly count: number;
}

/** Attempts that failed by one expectation. */
export interface Catch {
  readonly expectation: string;
  readonly count: number;
  /** The lowest number of them. */
  readonly first: number;
}

export interface Outcome {
  readonly tried: number;
  readonly passed: number;
  readonly failed: number;
  readonly unknown: number;
  /** In the order of their first. */
  readonly catches: readonly Catch[];
  readonly firstUnknown?: { readonly n: number; readonly reason: string };
}

export interface Ledger {
  /** The next ones to try; undefined if there is nothing left to hand out. */
  take(): Batch | undefined;
  record(attempt: Attempt): void;
  /** Nothing that is still under way can change the outcome. */
  readonly over: boolean;
  /** Of all that counts by now. */
  outcome(): Outcome;
}

export interface LedgerOptions {
  readonly total: number;
  /** How many are handed out at a time. */
  readonly batch: number;
  /** All are tried, whatever fails. */
  readonly keepGoing: boolean;
}

const codes = { pass: 1, fail: 2, unknown: 3 } as const;

export function createLedger({ total, batch, keepGoing }: LedgerOptions): Ledger {
  /** By number; 0 is not known yet. */
  const verdicts = new Uint8Array(total);
  /** All before it are known. */
  let known = 0;
  let next = 0;
  let end = total;
  const catches = new Map<string, Catch>();
  let firstUnknown: Outcome["firstUnknown"];

  return {
    take() {
      if (next >= end) return undefined;
      const from = next;
      next = Math.min(end, from + batch);
      return { from, count: next - from };
    },
    record({ n, verdict, failed = "", reason = "" }) {
      if (n >= end) return;
      verdicts[n] = codes[verdict];
      while (known < end && verdicts[known] !== 0) known += 1;
      if (verdict === "unknown" && n < (firstUnknown?.n ?? Infinity)) firstUnknown = { n, reason };
      if (verdict !== "fail") return;
      if (!keepGoing) {
        end = n + 1;
        catches.clear();
      }
      const { count, first } = catches.get(failed) ?? { count: 0, first: n };
      catches.set(failed, { expectation: failed, count: count + 1, first: Math.min(first, n) });
    },
    get over() {
      return known >= end;
    },
    outcome() {
      const counts = { pass: 0, fail: 0, unknown: 0 };
      for (const code of verdicts.subarray(0, end)) {
        if (code === codes.pass) counts.pass += 1;
        if (code === codes.fail) counts.fail += 1;
        if (code === codes.unknown) counts.unknown += 1;
      }
      return {
        tried: counts.pass + counts.fail + counts.unknown,
        passed: counts.pass,
        failed: counts.fail,
        unknown: counts.unknown,
        catches: [...catches.values()].sort((one, other) => one.first - other.first),
        ...(firstUnknown === undefined || firstUnknown.n >= end ? {} : { firstUnknown }),
      };
    },
  };
}

/** Small enough that nobody waits long for the last one, and that little is tried in vain behind a failure. */
export function batchSize(total: number, jobs: number): number {
  return Math.max(1, Math.min(8, Math.floor(total / (jobs * 4))));
}
