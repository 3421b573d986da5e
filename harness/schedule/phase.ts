/**
 * The steps of one phase on its timeline.
 *
 *     at ──► occurrence 0 ──every──► occurrence 1 ──every──► …   until `until`, `times`, or the end of the phase
 */
import type { Repertoire } from "../../faults/registry.ts";
import { duration, formatDuration } from "../../faults/units.ts";
import { bounds, isDistribution } from "../../faults/distribution.ts";
import { hint } from "../../faults/nearest.ts";
import type { Sketch } from "../plan/normalise.ts";
import type { Phase, Step, Written } from "../plan/schema.ts";
import { count } from "../../faults/units.ts";
import { distributionOf, isFormula, isReference } from "./draw.ts";
import type { Drawer } from "./drawer.ts";
import { readEdge, readPhaseEnd } from "./edge.ts";
import type { Edge } from "./edge.ts";
import { checkFixedChoices, occurrenceOf, ownLength } from "./occurrence.ts";
import type { Occurrence, ScheduledPhase, ScheduledStep } from "./schedule.ts";

/** More than this in one step is a mistake in `every`. */
export const maximumOccurrences = 10_000;
/** How many occurrences of an armed step the schedule shows in advance. */
const shownInAdvance = 3;

export function schedulePhase(plan: Sketch, index: number, drawer: Drawer): ScheduledPhase {
  const phase = plan.phases[index];
  if (phase === undefined) throw new RangeError(`there is no phase ${index}`);
  const scheduled = new Map<string, readonly ScheduledStep[]>();
  const underWay = new Set<string>();

  /** All that is called so: one step, or the occurrences of one that are written out. */
  const schedule = (name: string): readonly ScheduledStep[] => {
    const known = scheduled.get(name);
    if (known !== undefined) return known;
    underWay.add(name);
    const members = phase.faults.filter((step) => step.name === name);
    const made = together(members.map((step) => scheduleStep(step, { plan, phase, index, drawer, stepCalled })));
    underWay.delete(name);
    scheduled.set(name, made);
    return made;
  };
  /** Another step of the phase, for edges; undefined if it waits for the one that asks. */
  const stepCalled = (name: string): ScheduledStep | "circle" | undefined => {
    if (underWay.has(name)) return "circle";
    return schedule(name)[0];
  };

  const steps = [...new Set(phase.faults.map(({ name }) => name))].flatMap(schedule);
  return {
    name: phase.name,
    ...(phase.for === undefined ? {} : { for: phase.for }),
    ...(phase.until === undefined ? {} : { until: phase.until }),
    ...(phase.timeout === undefined ? {} : { timeout: phase.timeout }),
    steps,
  };
}

/** Occurrences that are written out are one step again, as far as one trigger and one end can say it. */
function together(parts: readonly ScheduledStep[]): readonly ScheduledStep[] {
  if (parts.length <= 1) return parts;
  const groups = Map.groupBy(parts, ({ trigger, until }) => JSON.stringify([trigger, until]));
  return [...groups.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return [];
    const occurrences = [first, ...others].flatMap((part) => part.occurrences);
    return [{ ...first, occurrences: occurrences.toSorted((one, other) => one.at - other.at || one.n - other.n) }];
  });
}

interface Surroundings {
  readonly plan: Sketch;
  readonly phase: Phase;
  readonly index: number;
  readonly drawer: Drawer;
  readonly stepCalled: (name: string) => ScheduledStep | "circle" | undefined;
}

function scheduleStep(step: Step, around: Surroundings): ScheduledStep {
  const { phase, drawer } = around;
  checkFixedChoices(step, drawer);
  const end = readUntil(step, around);
  const until = end.condition === undefined ? {} : { until: end.condition };
  const times =
    step.times === undefined
      ? undefined
      : Number(drawer.value(step, "times", step.times, count(1, maximumOccurrences), 0, 0)?.value ?? 1);

  const expression = step.when ?? step.while;
  if (expression !== undefined) {
    const known = Math.min(times ?? shownInAdvance, maximumOccurrences);
    const occurrences = Array.from({ length: known }, (_, n) =>
      occurrenceOf(step, { n, at: drawer.number(step, "at", step.at, n, 0), progress: 0 }, drawer),
    ).filter((occurrence) => occurrence !== undefined);
    const type = step.when === undefined ? "while" : "when";
    return {
      name: step.name,
      trigger: { type, expression, ...(times === undefined ? {} : { times }) },
      ...until,
      occurrences,
    };
  }
  const start = startOf(step, around);
  const limit = Math.min(end.at ?? Infinity, phase.for ?? phase.timeout ?? Infinity);
  if (start.edge !== undefined) {
    const occurrences = occurrencesOf(
      step,
      { from: 0, limit: end.at ?? phase.for ?? phase.timeout ?? 0, until: end.at, times },
      drawer,
    );
    return { name: step.name, trigger: { type: "after", edge: start.edge, delay: start.delay }, ...until, occurrences };
  }
  const occurrences = occurrencesOf(step, { from: start.delay, limit, until: end.at, times }, drawer);
  return { name: step.name, trigger: { type: "timed" }, ...until, occurrences };
}

interface Span {
  /** What `at` counts from. */
  readonly from: number;
  readonly limit: number;
  /** The time that the step's own `until` names: occurrences end there, too. */
  readonly until: number | undefined;
  readonly times: number | undefined;
}

function occurrencesOf(step: Step, { from, limit, until, times }: Span, drawer: Drawer): readonly Occurrence[] {
  if (!canRepeat(step, drawer)) return [];
  const base = step.number ?? 0;
  const first = from + drawer.number(step, "at", step.at, base, 0);
  const progressAt = (at: number): number =>
    limit > first && limit < Infinity ? Math.min(1, (at - first) / (limit - first)) : 0;
  if (first >= limit && limit > 0 && isFixed(step.at, drawer)) {
    drawer.complain(
      step,
      "at",
      `write an earlier time: nothing happens after ${formatDuration(limit)}, when it is over`,
    );
  }
  const occurrences: Occurrence[] = [];
  let at = first;
  const end = base + (times ?? (step.every === undefined ? 1 : Infinity));
  for (let n = base; n < end; n++) {
    if (at >= limit && limit > 0) break;
    if (n >= maximumOccurrences) {
      drawer.complain(
        step,
        "every",
        `this makes more than ${maximumOccurrences} occurrences: write a longer time, or times`,
      );
      break;
    }
    const progress = progressAt(at);
    const next =
      step.every === undefined
        ? Infinity
        : tidy(at + Math.max(1, drawer.number(step, "every", step.every, n, progress)));
    const last = next >= limit || n + 1 >= end;
    const stop = Math.min(last ? Infinity : next, until ?? Infinity);
    const own = ownLength(step, n, progress, drawer);
    const length = Math.min(own ?? Infinity, stop - at);
    const occurrence = occurrenceOf(
      step,
      { n, at, progress, ...(length === Infinity ? {} : { for: tidy(length) }) },
      drawer,
    );
    if (occurrence !== undefined) occurrences.push(occurrence);
    if (step.every === undefined) break;
    at = next;
  }
  return occurrences;
}

/** The same for every seed. */
function isFixed(written: Written, { names }: Drawer): boolean {
  return !isFormula(written) && distributionOf(written, duration, names) === undefined;
}

/** What can be foreseen: a time that may be 0. A draw of 0 or less that can't be (of a normal distribution, say) counts as 1 ms. */
function canRepeat(step: Step, drawer: Drawer): boolean {
  if (step.every === undefined || isFormula(step.every)) return true;
  const random = distributionOf(step.every, duration, drawer.names);
  const longest =
    random === undefined ? drawer.number(step, "every", step.every, 0, 0) : Number(bounds(random)?.[1] ?? Infinity);
  const shortest = random === undefined ? longest : Number(bounds(random)?.[0] ?? Infinity);
  if (longest <= 0) drawer.complain(step, "every", "write a time above 0, such as 5s");
  else if (shortest <= 0) drawer.complain(step, "every", "write a time that is always above 0, such as 100ms..5s");
  return shortest > 0;
}

/** Sums of decimal fractions, to the microsecond. */
const tidy = (milliseconds: number): number => Math.round(milliseconds * 1000) / 1000;

interface End {
  readonly at?: number;
  readonly condition?: string;
}

function readUntil(step: Step, around: Surroundings): End {
  const { phase, drawer } = around;
  const { until } = step;
  if (until === undefined) return {};
  if (isTime(until)) return { at: drawer.number(step, "until", until, 0, 0) };
  const text = until as string;
  const beforeEnd = readPhaseEnd(text);
  if (beforeEnd !== undefined) {
    if (phase.for !== undefined) return { at: Math.max(0, phase.for - beforeEnd) };
    drawer.complain(
      step,
      "until",
      `the end of ${phase.name} is not known in advance, since it has until: write a condition or a time`,
    );
    return {};
  }
  const edge = readEdge(text);
  const other = edge === undefined || edge.phase ? undefined : around.stepCalled(edge.name);
  if (edge === undefined || other === undefined) return { condition: text };
  const at = resolve(edge, other, drawer.repertoire);
  if (at === "circle")
    drawer.complain(step, "until", `${edge.name} waits for this step, and this one for ${edge.name}: write a time`);
  if (typeof at === "number") return { at };
  return { condition: conditionOf(edge) };
}

/** A duration, a distribution, `$name` or `= expression`, rather than a condition. */
export function isTime(until: Written): boolean {
  if (typeof until !== "string") return true;
  return (
    isReference(until) ||
    isFormula(until) ||
    /^\d/.test(until) ||
    duration.safeParse(until).success ||
    isDistribution(until)
  );
}

interface Start {
  readonly delay: number;
  readonly edge?: string;
}

function startOf(step: Step, around: Surroundings): Start {
  const { plan, index, drawer } = around;
  if (step.after === undefined) return { delay: 0 };
  const complain = (message: string): Start => {
    drawer.complain(step, "after", message);
    return { delay: 0 };
  };
  const edge = readEdge(step.after);
  if (edge === undefined)
    return complain("write the name of a step or phase, such as storm, storm.ended + 30s or phase.warm-up + 1m");
  const earlier = plan.phases.slice(0, index);
  if (edge.phase) {
    if (!earlier.some(({ name }) => name === edge.name)) {
      const known = earlier.map(({ name }) => name);
      return complain(`there is no phase ${edge.name} before this one: ${hint(edge.name, known)}`);
    }
    // The phase just before ends where this one begins.
    if (earlier.at(-1)?.name === edge.name && edge.side === "ended") return { delay: edge.delay };
    if (edge.side === "started")
      return complain("write the name of the phase alone: what comes after it counts from its end");
    return { delay: edge.delay, edge: `phase.${edge.name}` };
  }
  const other = around.stepCalled(edge.name);
  if (other === undefined) {
    const before = earlier.some(({ faults: steps }) => steps.some(({ name }) => name === edge.name));
    if (before) return { delay: edge.delay, edge: conditionOf({ ...edge, delay: 0 }) };
    const known = [...earlier, around.phase]
      .flatMap(({ faults: steps }) => steps.map(({ name }) => name))
      .filter((name) => name !== step.name);
    return complain(`there is no step ${edge.name} in this phase or before: ${hint(edge.name, known)}`);
  }
  const at = resolve(edge, other, drawer.repertoire);
  if (at === "circle")
    return complain(`${edge.name} waits for this step, and this one for ${edge.name}: write at instead`);
  if (at === "never")
    return complain(
      `${edge.name} lasts to the end of the phase, so that nothing comes after it: write for or until there`,
    );
  return at === undefined ? { delay: edge.delay, edge: conditionOf({ ...edge, delay: 0 }) } : { delay: at };
}

/** The time of an edge where it is known in advance: the start of the first occurrence, or the end of the last. */
function resolve(
  edge: Edge,
  step: ScheduledStep | "circle",
  repertoire: Repertoire,
): number | "circle" | "never" | undefined {
  if (step === "circle") return "circle";
  if (step.trigger.type !== "timed") return undefined;
  const [first] = step.occurrences;
  const last = step.occurrences.at(-1);
  if (first === undefined || last === undefined) return undefined;
  if (edge.side === "started") return first.at + edge.delay;
  if (step.until !== undefined) return undefined;
  const pulse = repertoire.get(last.kind)?.pulse === true;
  if (last.for === undefined && !pulse) return "never";
  return last.at + (last.for ?? 0) + edge.delay;
}

/** The edge as what can be watched during the run. */
function conditionOf({ name, side, delay }: Edge): string {
  if (delay === 0 && side === "started") return name;
  const event = `fault("${name}").${side}`;
  return `${event}.count > 0${delay === 0 ? "" : ` && ${event}.age >= ${formatDuration(delay)}`}`;
}
