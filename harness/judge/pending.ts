/** How long a run has to go on after its last phase: until every deadline that an expectation has set is decided. */
import type { HistoryEvent } from "../history/event.ts";
import type { Expectation, Plan } from "../plan/schema.ts";
import { judgeExpectation } from "./expectations.ts";
import { compileAll, judgingOf } from "./judge.ts";
import { createTrace, type Trace } from "./truth.ts";

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
  let judged:
    { readonly until: number; readonly next: number; readonly findings: number; readonly events: number } | undefined;

  /** Nothing that a deadline depends on has happened since, and the next is still to come. */
  const isStill = (now: number): boolean =>
    judged !== undefined &&
    now < judged.next &&
    judged.findings === findingsOf(trace) &&
    history.slice(judged.events).every(({ event }) => bearsOnNothing.has(event));

  return {
    until(now) {
      trace.follow(now);
      if (judged !== undefined && isStill(now)) {
        judged = { ...judged, events: history.length };
        return judged.until;
      }
      const judging = judgingOf(plan, [...history, { at: now, event: "run.end" }], compiled, trace.truths);
      if (judging.course.cut !== undefined) return undefined;
      const deadlines = waiting.flatMap((expectation) => judgeExpectation(expectation, judging).pending ?? []);
      if (deadlines.length === 0) return undefined;
      const until = Math.max(...deadlines);
      judged = { until, next: Math.min(...deadlines), findings: findingsOf(trace), events: history.length };
      return until;
    },
  };
}

/** Otherwise than by the truth of an expression. */
const bearsOnNothing: ReadonlySet<HistoryEvent["event"]> = new Set<HistoryEvent["event"]>([
  "service.log",
  "service.start",
  "service.ready",
  "service.exit",
  "probe",
  "connection.open",
  "connection.close",
  "http.request",
  "http.reply",
  "http.unreadable",
  "tls.handshake",
  "datagram.lost",
  "fault.hit",
]);

/** How much the trace has found so far. */
function findingsOf({ truths }: Trace): number {
  let found = 0;
  for (const { changes, happenings, failure } of truths.values())
    found += changes.length + happenings.length + (failure === undefined ? 0 : 1);
  return found;
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
