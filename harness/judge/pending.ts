/** How long a run has to go on after its last phase: until every deadline that an expectation has set is decided. */
import type { HistoryEvent } from "../history/event.ts";
import type { Plan } from "../plan/schema.ts";
import { judgeExpectation } from "./expectations.ts";
import { prepare } from "./judge.ts";

/** Milliseconds since the run began, or nothing if all is decided. To be asked when the timeline is over and every fault is lifted. */
export function pendingUntil(plan: Plan, history: readonly HistoryEvent[], now: number): number | undefined {
  const waiting = plan.expect.filter(({ word }) => word === "eventually" || word === "whenever");
  if (waiting.length === 0) return undefined;
  const judging = prepare({ ...plan, expect: waiting }, [...history, { at: now, event: "run.end" }]);
  if (judging.course.cut !== undefined) return undefined;
  const deadlines = waiting.flatMap((expectation) => judgeExpectation(expectation, judging).pending ?? []);
  return deadlines.length === 0 ? undefined : Math.max(...deadlines);
}
