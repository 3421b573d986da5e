/** How long a run has to go on after its last phase: until every deadline that an expectation has set is decided. */
import type { HistoryEvent } from "../history/event.ts";
import type { Expectation, Plan } from "../plan/schema.ts";
import { judgeExpectation } from "./expectations.ts";
import { compileAll, judgingOf } from "./judge.ts";
import { createTrace } from "./truth.ts";

export interface Pending {
  /** Milliseconds since the run began, or nothing if all is decided. To be asked when the timeline is over and every fault is lifted. */
  until(now: number): number | undefined;
}

/** Follows a history that grows: each question costs what has happened since the one before. */
export function createPending(plan: Plan, history: readonly HistoryEvent[]): Pending {
  const waiting = plan.expect.filter(canWait);
  if (waiting.length === 0) return { until: () => undefined };
  const compiled = compileAll(plan, waiting);
  const trace = createTrace(plan, history, [...compiled.values()]);
  return {
    until(now) {
      trace.follow(now);
      const judging = judgingOf(plan, [...history, { at: now, event: "run.end" }], compiled, trace.truths);
      if (judging.course.cut !== undefined) return undefined;
      const deadlines = waiting.flatMap((expectation) => judgeExpectation(expectation, judging).pending ?? []);
      return deadlines.length === 0 ? undefined : Math.max(...deadlines);
    },
  };
}

export function pendingUntil(plan: Plan, history: readonly HistoryEvent[], now: number): number | undefined {
  return createPending(plan, history).until(now);
}

function canWait(expectation: Expectation): boolean {
  switch (expectation.word) {
    case "eventually":
    case "whenever":
      return true;
    case "always":
    case "never":
      return expectation.for > 0;
    case "at_end":
    case "sometimes":
      return false;
    default:
      return expectation satisfies never;
  }
}
