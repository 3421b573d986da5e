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

/** `reads` are what the expressions in question look at. */
export function evidenceAt(
  plan: Plan,
  history: readonly HistoryEvent[],
  position: Position,
  reads: readonly string[],
): Evidence {
  const signals = createSignals(plan);
  const past = history.slice(0, position.index);
  for (const event of past) signals.apply(event);
  const scope = declareSignals(plan);
  const bindings = signals.bindings(position.at);
  const values = reads
    .filter((read) => !Object.hasOwn(plan.constants, read))
    .map((read) => {
      const expression = compileExpression(read, scope);
      return [read, wordValue(expression.evaluate(bindings), expression.type)] as const;
    });

  const roots = new Set(reads.map(rootOf));
  const bears = (event: HistoryEvent): boolean => {
    if (event.event === "run.end" || event.event === "fault.hit") return false;
    if (event.event === "probe") return reads.some((read) => read === event.name || read.startsWith(`${event.name}.`));
    return alwaysTelling.has(event.event) || subjectsOf(plan, event).some((name) => roots.has(name));
  };
  const future = history.slice(position.index);
  return {
    values: Object.fromEntries(values),
    events: [...past.filter(bears).slice(-around), ...future.filter(bears).slice(0, around)],
  };
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
