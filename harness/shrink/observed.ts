/** When occurrences really came and went, by the history: the times that an explicit plan can name. */
import type { HistoryEvent } from "../history/event.ts";
import type { Plan, Step, Written } from "../plan/schema.ts";
import { drawOccurrence } from "../schedule/schedule.ts";
import type { Occurrence, Schedule } from "../schedule/schedule.ts";
import { repertoireIn } from "../plan/repertoire.ts";

/** Every occurrence that was injected, with its times counted from the beginning of its phase. */
export type Observed = ReadonlyMap<string, readonly Occurrence[]>;

type Injection = Extract<HistoryEvent, { event: "fault.inject" }>;

/** By the name of the step. */
export function observedOccurrences(plan: Plan, schedule: Schedule, events: readonly HistoryEvent[]): Observed {
  const steps = new Map(plan.phases.flatMap(({ faults: all }) => all.map((step) => [step.name, step] as const)));
  const scheduled = new Map(
    schedule.phases.flatMap(({ steps: all }) =>
      all.flatMap(({ name, occurrences }) =>
        occurrences.map((occurrence) => [`${name}#${occurrence.n}`, occurrence] as const),
      ),
    ),
  );
  const found = new Map<string, Occurrence[]>();
  const lifts = liftsOf(events);
  let began = 0;
  for (const event of events) {
    if (event.event === "phase.begin") began = event.at;
    if (event.event !== "fault.inject") continue;
    const step = steps.get(event.step);
    if (step === undefined) continue;
    const { step: name, occurrence: n } = event;
    const drawn = scheduled.get(`${name}#${n}`) ?? drawOccurrence(plan, schedule, name, n);
    const occurrence = timed(event, drawn, step, began, lifts.get(`${name}#${n}`), plan);
    found.set(name, [...(found.get(name) ?? []), occurrence]);
  }
  return found;
}

function timed(
  { at, late, kind, occurrence, where, parameters }: Injection,
  drawn: Occurrence,
  step: Step,
  began: number,
  lifted: number | undefined,
  plan: Plan,
): Occurrence {
  const pulse = repertoireIn(plan).get(kind)?.pulse === true;
  return {
    n: occurrence,
    at: tenths(Math.max(0, at - late - began)),
    ...(pulse || lifted === undefined ? {} : { for: tenths(Math.max(0, lifted - at + late)) }),
    kind,
    where,
    parameters: parameters as Readonly<Record<string, Written>>,
    match: drawn.match,
    mayMiss: step.may_miss,
  };
}

/** When each was lifted, but for those that lasted until their phase ended. */
function liftsOf(events: readonly HistoryEvent[]): ReadonlyMap<string, number> {
  const lifts = new Map<string, number>();
  let sincePhase: string[] = [];
  for (const event of events) {
    if (event.event === "fault.lift") {
      const key = `${event.step}#${event.occurrence}`;
      lifts.set(key, event.at);
      sincePhase.push(key);
    }
    if (event.event !== "phase.end") continue;
    for (const key of sincePhase) if (lifts.get(key) === event.at) lifts.delete(key);
    sincePhase = [];
  }
  return lifts;
}

/** The history is kept in tenths of a millisecond. */
const tenths = (milliseconds: number): number => Math.round(milliseconds * 10) / 10;
