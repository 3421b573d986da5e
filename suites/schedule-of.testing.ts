/**
 * What runs in a plan, and what goes wrong in it when, however it is written: two plans are one if this is the same text of both.
 *
 *     names of services, links, phases, steps ──► of what they are, or which one they are
 *     3000ms, 3s, $gap, what is left out      ──► 3000
 *     keys, flags, steps of a phase           ──► in one order
 */
import type { BoundPlan } from "../harness/cli/plans.ts";
import { isFormula, isReference } from "../harness/schedule/draw.ts";
import { repertoireIn } from "../harness/plan/repertoire.ts";
import { parseQuantity } from "../faults/units.ts";
import type { Choice, Service, Step } from "../harness/plan/schema.ts";

type Alias = (name: string) => string;

type Bound = Pick<BoundPlan, "plan" | "cell">;

/** What the plan is called, drawn from, and expected of it is no part. */
export function scheduleOf(of: Bound): string {
  const { plan } = of;
  const parts = {
    service: Object.entries(plan.services).map(([name, service]) => [name, () => whatRuns(service)] as const),
    link: Object.entries(plan.links).map(
      ([name, link]) => [name, (alias: Alias) => ({ ...link, from: alias(link.from), to: alias(link.to) })] as const,
    ),
    phase: plan.phases.map(({ name, for: length, until = "", timeout }) => {
      const what = (alias: Alias): unknown => [alias(name), length, renamed(bound(until, of), alias), timeout];
      return [name, what] as const;
    }),
    step: plan.phases.flatMap(({ name: phase, faults }) =>
      faults.map((step) => [step.name, (alias: Alias) => [alias(phase), whatGoesWrong(step, of, alias)]] as const),
    ),
  };
  const aliases = new Map<string, string>();
  /** A name that has none yet is any. */
  const alias: Alias = (name) => aliases.get(name) ?? (isName(name) ? "?" : name);
  const all = new Set(Object.values(parts).flatMap((those) => those.map(([name]) => name)));
  const isName = (name: string): boolean => all.has(name);
  for (const [n, [name]] of parts.phase.entries()) aliases.set(name, `phase ${n}`);
  for (const kind of ["service", "link", "step"] as const) {
    const texts = parts[kind].map(([name, told]) => [name, textOf(told(alias))] as const);
    const sorted = texts.toSorted(([, one], [, other]) => (one < other ? -1 : Number(one > other)));
    for (const [n, [name]] of sorted.entries()) if (!aliases.has(name)) aliases.set(name, `${kind} ${n}`);
  }
  const told = Object.values(parts).map((those) => those.map(([, tell]) => textOf(tell(alias))).toSorted());
  return textOf([plan.time, ...told]);
}

function whatRuns({ subject: _subject, folder: _folder, args, ...service }: Service): unknown {
  const flags: string[][] = [];
  for (const arg of args) {
    if (arg.startsWith("-") || flags.length === 0) flags.push([]);
    flags.at(-1)?.push(arg);
  }
  return { ...service, args: flags.map((flag) => textOf(settled(flag))).toSorted() };
}

function whatGoesWrong(step: Step, of: Bound, alias: Alias): unknown {
  const { name: _, number: _number, choices, where, match, when, while: during, until, after, ...times } = step;
  const names = where.names.map(alias);
  const conditions = [when, during, until, after].map((each) => (typeof each === "string" ? bound(each, of) : each));
  return {
    ...(renamed(settled({ ...times, conditions }, of), alias) as object),
    where: { ...where, names: where.count === names.length ? names.toSorted() : names },
    match: settled(match, of),
    choices: choices.map((choice) => ({ ...choice, parameters: parametersOf(choice, of) })),
  };
}

/** With those that have a default, and are left out. */
function parametersOf({ kind, parameters }: Choice, of: Bound): unknown {
  const shape = kind === undefined ? {} : (repertoireIn(of.plan).get(kind)?.parameters.shape ?? {});
  const defaults = Object.entries(shape).map(([key, schema]) => [key, schema.safeParse(undefined).data]);
  return { ...Object.fromEntries(defaults), ...(settled(parameters, of) as object) };
}

/** In one unit for each quantity, and without what merely stands for a value. */
function settled(value: unknown, of?: Bound): unknown {
  if (typeof value === "string") {
    if (of !== undefined && isReference(value)) return meaningOf(value.slice(1), of);
    if (of !== undefined && isFormula(value)) return bound(value, of);
    const [, from, to] = /^([^.\s]\S*)\.\.(\S+)$/.exec(value) ?? [];
    if (from !== undefined) return { uniform: [settled(from, of), settled(to, of)] };
    return parseQuantity(value)?.value ?? value;
  }
  return mapped(value, (each) => settled(each, of));
}

/** An expression with the values of what is drawn once for a whole run, and its quantities in one unit. */
function bound(expression: string, { plan, cell }: Bound): string {
  return expression.replaceAll(/"[^"]*"|(?<![.\w])(?:\d[\w.]*%?|[A-Za-z_]\w*)/g, (word) => {
    const meaning = Object.hasOwn(plan.constants, word) ? meaningOf(word, { plan, cell }) : parseQuantity(word)?.value;
    return meaning === undefined ? word : textOf(meaning);
  });
}

/** A distribution is drawn anew each time; what it gave first is not what it means. */
function meaningOf(name: string, { plan, cell }: Bound): unknown {
  const written = cell[name] ?? plan.params[name]?.default;
  return settled(typeof written === "object" ? written : plan.constants[name]?.value);
}

/** Whole texts, and words of those that are expressions. */
function renamed(value: unknown, alias: Alias): unknown {
  if (typeof value === "string") return value.replaceAll(/[\w-]+(?:\.[\w-]+)*/g, (words) => renamedWords(words, alias));
  return mapped(value, (each) => renamed(each, alias));
}

/** `node.ping.age` is of `node`; a phase may be called `a-day-off`, and a step `clock.step`. */
function renamedWords(words: string, alias: Alias): string {
  if (alias(words) !== words) return alias(words);
  const [first = "", ...members] = words.split(".");
  return [alias(first), ...members].join(".");
}

function mapped(value: unknown, to: (each: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map(to);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, to(each)]));
}

function textOf(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    typeof each === "object" && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).toSorted(([one], [other]) => (one < other ? -1 : 1)))
      : each,
  );
}
