/** What came after the failure had no part in it: without that, every further try is shorter. */
import { durationUnit } from "../../faults/units.ts";
import type { HistoryEvent } from "../history/event.ts";
import type { PlanDocument } from "../plan/schema.ts";
import { isWarmUp, phasesOf, readDuration, stepsOf, withPhases } from "./document.ts";
import type { Failure } from "./failure.ts";

/** The run goes on so much longer than it took to fail. */
const marginMs = 100;

/** Undefined where there is nothing to cut off. The plan may or may not still fail: deadlines may count from what is gone. */
export function cutAfterFailure(document: PlanDocument, { events, finding }: Failure): PlanDocument | undefined {
  const { at } = finding;
  const phases = phasesOf(document);
  const began = phaseBegins(events).findLast((begin) => begin.at <= (at ?? 0));
  const index = phases.findIndex(({ name }) => name === began?.phase);
  const phase = phases[index];
  if (at === undefined || began === undefined || phase === undefined || isWarmUp(document, index)) return undefined;
  const { until: _until, timeout: _timeout, faults: _faults, ...rest } = phase;
  const length = Math.ceil(at - began.at) + marginMs;
  if ((readDuration(phase["for"]) ?? Infinity) <= length && index === phases.length - 1) return undefined;
  const faults = stepsOf(phase).filter((step) => (readDuration(step["at"]) ?? 0) < length);
  return withPhases(document, [...phases.slice(0, index), { ...rest, for: durationUnit.format(length), faults }]);
}

function phaseBegins(events: readonly HistoryEvent[]): readonly { readonly phase: string; readonly at: number }[] {
  return events.flatMap((event) => (event.event === "phase.begin" ? [event] : []));
}
