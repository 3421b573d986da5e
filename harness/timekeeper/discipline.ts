/**
 * What becomes of the clock when its offset is known (RFC 5905, sections 11.3 and 12, and appendix A.5.5.6), by the policy of the client.
 *
 *     offset ──┬── beyond panic ────────► give up
 *              ├── beyond step ─────────► a spike, and if it lasts for the stepout: step
 *              └── small, or no step ───► slew: the clock runs a little fast or slow until it is right
 */
import { nextState, type ClockState, type Verdict } from "./clock-state.ts";
import type { Policy } from "./policy.ts";

export type Action =
  | { readonly type: "step"; readonly byMs: number }
  /** The clock shall run at this rate for so long, and at `afterwards` then: parts of a whole that are added to 1. */
  | { readonly type: "slew"; readonly rate: number; readonly forMs: number; readonly afterwards: number }
  /** `spike`: the first one beyond the step threshold. `wait`: it is beyond it still, or the frequency is measured. */
  | { readonly type: "spike" | "wait" }
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

/** `knowsFrequency`: from a file of an earlier life; it matters to those that have a stepout. */
export function createDiscipline(policy: Policy, knowsFrequency = true): Discipline {
  const fastest = policy.slewPpm / million;
  /** No client believes that a clock is off by more (500 ppm for ntpd). */
  const mostFrequency = Math.min(fastest, 500 / million);
  let updates = 0;
  let state: ClockState = knowsFrequency ? "FSET" : "NSET";
  /** When an offset was acted upon, at last. */
  let actedMs = -Infinity;
  let frequency = 0;
  let last:
    { readonly atMs: number; readonly offsetMs: number; readonly rate: number; readonly forMs: number } | undefined;

  function judged(isBeyond: boolean, nowMs: number): Verdict {
    const { stepoutMs } = policy;
    if (stepoutMs === undefined) return isBeyond ? "step" : "adjust";
    const next = nextState(state, isBeyond, { sinceMs: nowMs - actedMs, stepoutMs });
    state = next.state;
    return next.verdict;
  }

  function measure(offsetMs: number, nowMs: number): void {
    frequency = limited(frequency + offsetMs / Math.max(1, nowMs - actedMs), mostFrequency);
    last = undefined;
  }

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
      if (Math.abs(offsetMs) > policy.panicAboveMs && updates > 1) return { type: "panic" };
      const isBeyond = Math.abs(offsetMs) > policy.stepAboveMs && updates <= policy.stepLimit;
      const verdict = judged(isBeyond, nowMs);
      if (verdict === "spike" || verdict === "wait") return { type: verdict };
      if (verdict === "measure" || verdict === "measure-and-step") measure(offsetMs, nowMs);
      actedMs = nowMs;
      if (!isBeyond) return slew(offsetMs, nowMs, pollMs);
      last = undefined;
      return { type: "step", byMs: offsetMs };
    },
  };
}

function limited(value: number, most: number): number {
  return Math.max(-most, Math.min(most, value));
}
