/** What a reader needs to believe a finding: the values that the expression looked at, and what happened around it. */
import { compileExpression } from "../expression/expression.ts";
import type { HistoryEvent } from "../history/event.ts";
import type { Plan } from "../plan/schema.ts";
import type { Evidence } from "./finding.ts";
import { createSignals, declareSignals } from "./signals.ts";
import { rootOf, type Position } from "./truth.ts";
import { wordValue } from "./wording.ts";

/** This many events on either side. */
const around = 5;

/** What a finding has to show: the moment that decided, and what the expressions in question look at. */
export interface Shown {
  readonly position: Position;
  readonly reads: readonly string[];
}

/** For each of them, in one pass over the history: hundreds of services can fail at once. */
export function evidenceOf(
  plan: Plan,
  history: readonly HistoryEvent[],
  shown: readonly Shown[],
): ReadonlyMap<Shown, Evidence> {
  const evidence = new Map<Shown, Evidence>();
  if (shown.length === 0) return evidence;
  const signals = createSignals(plan);
  const scope = declareSignals(plan);
  let applied = 0;
  for (const each of shown.toSorted((one, other) => one.position.index - other.position.index)) {
    const { position, reads } = each;
    for (const event of history.slice(applied, position.index)) signals.apply(event);
    applied = Math.max(applied, position.index);
    const bindings = signals.bindings(position.at);
    const values = reads
      .filter((read) => !Object.hasOwn(plan.constants, read))
      .map((read) => {
        const expression = compileExpression(read, scope);
        return [read, wordValue(expression.evaluate(bindings), expression.type)] as const;
      });
    evidence.set(each, { values: Object.fromEntries(values), events: eventsAround(plan, history, each) });
  }
  return evidence;
}

export function evidenceAt(plan: Plan, history: readonly HistoryEvent[], shown: Shown): Evidence {
  const evidence = evidenceOf(plan, history, [shown]).get(shown);
  if (evidence === undefined) throw new Error("there is evidence for all that is shown");
  return evidence;
}

function eventsAround(plan: Plan, history: readonly HistoryEvent[], { position, reads }: Shown): Evidence["events"] {
  const roots = new Set(reads.map(rootOf));
  const bears = (event: HistoryEvent): boolean => {
    if (event.event === "run.end" || event.event === "fault.hit") return false;
    if (event.event === "probe") return reads.some((read) => read === event.name || read.startsWith(`${event.name}.`));
    return alwaysTelling.has(event.event) || subjectsOf(plan, event).some((name) => roots.has(name));
  };
  const collect = (from: number, step: 1 | -1): readonly HistoryEvent[] => {
    const found: HistoryEvent[] = [];
    for (let index = from; found.length < around; index += step) {
      const event = history[index];
      if (event === undefined) break;
      if (bears(event)) found.push(event);
    }
    return found;
  };
  return [...collect(position.index - 1, -1).toReversed(), ...collect(position.index, 1)];
}

/** Whatever the expression is about, these tell what was going on. */
const alwaysTelling: ReadonlySet<HistoryEvent["event"]> = new Set<HistoryEvent["event"]>([
  "phase.begin",
  "phase.end",
  "service.start",
  "service.exit",
  "fault.inject",
  "fault.lift",
  "run.trouble",
  "run.late",
  "run.abort",
]);

function subjectsOf(plan: Plan, event: HistoryEvent): readonly string[] {
  if ("link" in event) return [event.link];
  if (!("service" in event)) return [];
  const { service } = event;
  return [
    service,
    ...Object.entries(plan.observe).flatMap(([name, observed]) => (observed.service === service ? [name] : [])),
  ];
}
