/**
 * What becomes of the clock when its offset is known (RFC 5905, sections 11.3 and 12, and appendix A.5.5.6), by the policy of the client.
 *
 *     offset ──┬── beyond panic ────────► give up
 *              ├── beyond step ─────────► wait for the stepout, then step
 *              └── small, or no step ───► slew: the clock runs a little fast or slow until it is right
 */
import type { Policy } from "./policy.ts";

export type Action =
  | { readonly type: "step"; readonly byMs: number }
  /** The clock shall run at this rate for so long, and at `afterwards` then: parts of a whole that are added to 1. */
  | { readonly type: "slew"; readonly rate: number; readonly forMs: number; readonly afterwards: number }
  | { readonly type: "wait"; readonly why: string }
  | { readonly type: "panic" };

export interface Discipline {
  /** `nowMs`: on the monotonic clock; `pollMs`: the time until the next one. */
  update(offsetMs: number, nowMs: number, pollMs: number): Action;
}

/** The gain of the phase-locked loop: a slew takes so many poll intervals (RFC 5905, PLL). */
const loopGain = 16;
/** How much of what was left over is taken for an error of the clock's frequency. */
const frequencyGain = 0.25;
/** In less time than this, noise looks like a frequency. */
const shortestDriftMs = 30_000;
const million = 1e6;

export function createDiscipline(policy: Policy): Discipline {
  const fastest = policy.slewPpm / million;
  /** No client believes that a clock is off by more (500 ppm for ntpd). */
  const mostFrequency = Math.min(fastest, 500 / million);
  let updates = 0;
  let beyondSince: number | undefined;
  let frequency = 0;
  let last:
    { readonly atMs: number; readonly offsetMs: number; readonly rate: number; readonly forMs: number } | undefined;

  function slew(offsetMs: number, nowMs: number, pollMs: number): Action {
    // What the last slew should have left, against what is there: the rest is the frequency.
    if (last !== undefined && nowMs > last.atMs) {
      const elapsedMs = nowMs - last.atMs;
      const leftMs = last.offsetMs - (last.rate / (1 + last.rate)) * Math.min(last.forMs, elapsedMs);
      const drifted = (offsetMs - leftMs) / elapsedMs;
      if (elapsedMs >= shortestDriftMs && Math.abs(drifted) < mostFrequency)
        frequency = limited(frequency + frequencyGain * drifted, mostFrequency);
    }
    const quickMs = policy.slewPpm > 500 ? Math.abs(offsetMs) / fastest : loopGain * pollMs;
    const wanted = quickMs === 0 ? 0 : offsetMs / quickMs;
    const rate = limited(wanted, fastest);
    const forMs = rate === 0 ? 0 : Math.min(pollMs * 2, offsetMs / rate);
    last = { atMs: nowMs, offsetMs, rate, forMs };
    return { type: "slew", rate: frequency + rate, forMs, afterwards: frequency };
  }

  return {
    update(offsetMs, nowMs, pollMs) {
      updates += 1;
      const isFirst = updates === 1;
      if (Math.abs(offsetMs) > policy.panicAboveMs && !isFirst) return { type: "panic" };
      if (Math.abs(offsetMs) <= policy.stepAboveMs || updates > policy.stepLimit) {
        beyondSince = undefined;
        return slew(offsetMs, nowMs, pollMs);
      }
      beyondSince ??= nowMs;
      if (!isFirst && nowMs - beyondSince < policy.stepoutMs)
        return { type: "wait", why: "it has not been beyond the step threshold for long enough" };
      beyondSince = undefined;
      last = undefined;
      return { type: "step", byMs: offsetMs };
    },
  };
}

function limited(value: number, most: number): number {
  return Math.max(-most, Math.min(most, value));
}
