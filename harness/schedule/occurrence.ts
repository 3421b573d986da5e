/** Everything about one occurrence but its time: which fault, where, with which parameters. */
import { share } from "../../faults/units.ts";
import { isPerItem } from "../plan/document/faults.ts";
import { unwrap } from "../plan/document/values.ts";
import type { Choice, Step, Written } from "../plan/schema.ts";
import { distributionOf, isFormula, isReference } from "./draw.ts";
import type { Drawer } from "./drawer.ts";
import type { Occurrence } from "./schedule.ts";

export interface Moment {
  readonly n: number;
  readonly at: number;
  readonly for?: number;
  /** How far the step has come, from 0 to 1. */
  readonly progress: number;
}

/** Undefined if this time nothing happens. */
export function occurrenceOf(step: Step, moment: Moment, drawer: Drawer): Occurrence | undefined {
  const { n, at, progress } = moment;
  const choice = choose(step, n, drawer);
  const fault = choice.kind === undefined ? undefined : drawer.repertoire.get(choice.kind);
  if (fault === undefined) return undefined;
  const length = fault.pulse ? undefined : (moment.for ?? ownLength(step, n, progress, drawer));
  return {
    n,
    at,
    ...(length === undefined ? {} : { for: length }),
    kind: fault.kind,
    where: placesOf(step, n, drawer),
    parameters: checkedParametersOf(step, choice, { n, progress }, drawer),
    match: matchOf(step, n, drawer),
    mayMiss: step.may_miss,
  };
}

export function ownLength(step: Step, n: number, progress: number, drawer: Drawer): number | undefined {
  return step.for === undefined ? undefined : drawer.number(step, "for", step.for, n, progress);
}

function choose(step: Step, n: number, drawer: Drawer): Choice {
  const [only] = step.choices;
  if (step.choices.length === 1 && only !== undefined) return only;
  let rest = drawer.uniform(step, "choose", n) * step.choices.reduce((sum, { weight }) => sum + weight, 0);
  const found = step.choices.find(({ weight }) => {
    rest -= weight;
    return rest < 0;
  });
  return found ?? step.choices.at(-1) ?? { weight: 1, parameters: {} };
}

/** Each name has a number of its own, and the lowest win: so that one name more or less moves no other. */
function placesOf(step: Step, n: number, drawer: Drawer): readonly string[] {
  const { names, count } = step.where;
  if (count >= names.length) return names;
  const ranked = names
    .map((name) => ({ name, rank: drawer.uniform(step, "where", n, name) }))
    .sort((one, other) => one.rank - other.rank)
    .slice(0, count)
    .map(({ name }) => name);
  return names.filter((name) => ranked.includes(name));
}

/** A choice that no draw falls on is looked at all the same, if it is the same in each occurrence. */
export function checkFixedChoices(step: Step, drawer: Drawer): void {
  for (const choice of step.choices) {
    const shape = drawer.repertoire.get(choice.kind ?? "")?.parameters.shape ?? {};
    const isFixed = Object.entries(shape).every(([name, schema]) => {
      const written = choice.parameters[name];
      if (written === undefined || isPerItem(schema)) return true;
      return !isFormula(written) && distributionOf(written, unwrap(schema).inner, drawer.names) === undefined;
    });
    if (isFixed) checkedParametersOf(step, choice, { n: 0, progress: 0 }, drawer);
  }
}

/** What the fault refuses of several parameters together, or of one that was drawn, is said here, and not when it is injected. */
function checkedParametersOf(
  step: Step,
  choice: Choice,
  { n, progress }: Pick<Moment, "n" | "progress">,
  drawer: Drawer,
): Readonly<Record<string, Written>> {
  const drawn = parametersOf(step, choice, n, progress, drawer);
  const { kind = "", parameters } = choice;
  const fault = drawer.repertoire.get(kind);
  // What could not be drawn has been complained of.
  const isWhole = Object.keys(parameters).every((name) => name in drawn);
  const issues = isWhole ? (fault?.parameters.safeParse(drawn).error?.issues ?? []) : [];
  for (const { path, message } of issues) drawer.complain(step, [kind, ...path.slice(0, 1)].join("."), message);
  return drawn;
}

/** In the order of the fault's own schema, whatever the order in the plan. */
function parametersOf(
  step: Step,
  { kind = "", parameters }: Choice,
  n: number,
  progress: number,
  drawer: Drawer,
): Readonly<Record<string, Written>> {
  const shape = drawer.repertoire.get(kind)?.parameters.shape ?? {};
  const drawn: [string, Written][] = [];
  for (const [name, schema] of Object.entries(shape)) {
    const written = parameters[name];
    if (written === undefined) continue;
    const key = `${kind}.${name}`;
    if (isPerItem(schema)) {
      drawn.push([name, asWritten(written, drawer)]);
      continue;
    }
    const value = drawer.value(step, key, written, unwrap(schema).inner, n, progress);
    if (value !== undefined) drawn.push([name, value.written]);
  }
  return Object.fromEntries(drawn);
}

/** The fault draws it for itself; only a parameter's name has to be replaced. */
function asWritten(written: Written, { names }: Drawer): Written {
  if (!isReference(written) || !names.all.has(written.slice(1))) return written;
  const meaning = names.meaningOf(written.slice(1));
  return "once" in meaning ? meaning.once.written : meaning.anew;
}

function matchOf(step: Step, n: number, drawer: Drawer): Readonly<Record<string, unknown>> {
  const { probability, every_nth: everyNth, ...rest } = step.match;
  const drawn =
    probability === undefined ? undefined : drawer.value(step, "probability", probability as Written, share, n, 0);
  return {
    ...rest,
    ...(drawn === undefined ? {} : { probability: drawn.value }),
    ...(everyNth === undefined ? {} : { everyNth }),
  };
}
