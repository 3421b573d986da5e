/** Whether a run came to the same as the one before. */
import type { Judgement } from "../judge/finding.ts";
import { failsBy, firstFailure } from "../shrink/failure.ts";

/** The same verdict, and after a failure at least the same expectation that failed first. */
export function isReproduced(before: Judgement, now: Judgement): boolean {
  if (before.verdict !== now.verdict) return false;
  const failed = firstFailure(before.findings);
  return failed === undefined || failsBy(now.findings, failed) !== undefined;
}
