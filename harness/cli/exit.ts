import type { Verdict } from "../judge/judge.ts";

export const exitCodes = { pass: 0, fail: 1, unknown: 2, usage: 254, bug: 255, interrupted: 130 } as const;

/** The worst decides: fail, then unknown, then pass. */
export function exitCodeOfVerdicts(verdicts: readonly Verdict[]): number {
  if (verdicts.includes("fail")) return exitCodes.fail;
  return verdicts.includes("unknown") ? exitCodes.unknown : exitCodes.pass;
}
