/**
 * When what happens: a pure function of plan, matrix cell and seed. Times are milliseconds since the start of the phase.
 *
 * Written to `schedule.json`, byte for byte the same for the same plan, cell and seed.
 */
import { PlanError } from "../errors.ts";
import { bindPlan, cells } from "../plan/normalise.ts";
import type { Plan, Written } from "../plan/schema.ts";
import { occurrenceOf } from "./occurrence.ts";
import { schedulePhase } from "./phase.ts";
import { createDrawer } from "./drawer.ts";

export interface Schedule {
  readonly plan: string;
  readonly seed: number;
  readonly cell: Readonly<Record<string, Written>>;
  /** Parameters that were given instead of the plan's defaults. */
  readonly params: Readonly<Record<string, Written>>;
  readonly phases: readonly ScheduledPhase[];
}

export interface ScheduledPhase {
  readonly name: string;
  /** Exactly one of `for` and `until`. `until` is "steady" or an expression; `timeout` goes with it. */
  readonly for?: number;
  readonly until?: string;
  readonly timeout?: number;
  readonly steps: readonly ScheduledStep[];
}

export interface ScheduledStep {
  readonly name: string;
  /**
   * `timed`: all occurrences are here. `armed`: they happen when the trigger fires; `occurrences` then holds the first few as they will be drawn
   * (`at` counted from the trigger), all of them if `times` is given; `drawOccurrence` gives the rest.
   */
  readonly trigger:
    | { readonly type: "timed" }
    | { readonly type: "when" | "while"; readonly expression: string; readonly times?: number }
    | { readonly type: "after"; readonly edge: string; readonly delay: number };
  /** A condition (expression) that ends the step early, from `until`. */
  readonly until?: string;
  readonly occurrences: readonly Occurrence[];
}

export interface Occurrence {
  /** From 0. Numbers are missing where a choice was `none`. */
  readonly n: number;
  readonly at: number;
  /** Absent: to the end of the phase (or of the `while`). Never there for a pulse. */
  readonly for?: number;
  readonly kind: string;
  /** Links or services, by name. */
  readonly where: readonly string[];
  /** As text with units, as a plan would say them: validated again by the fault's schema at injection. */
  readonly parameters: Readonly<Record<string, Written>>;
  /** direction, scope, probability, first, nth, everyNth: as the proxy takes them. */
  readonly match: Readonly<Record<string, unknown>>;
  readonly mayMiss: boolean;
}

export interface ScheduleOptions {
  readonly seed: number;
  /** One of `cells(plan)`; by default the first. */
  readonly cell?: Readonly<Record<string, unknown>>;
  /** Instead of the plan's defaults. */
  readonly params?: Readonly<Record<string, unknown>>;
}

/** @throws {PlanError} if this seed draws what can't be done, such as ten thousand occurrences of one step. */
export function createSchedule(plan: Plan, options: ScheduleOptions): Schedule {
  const { seed } = options;
  const cell = (options.cell ?? cells(plan)[0] ?? {}) as Schedule["cell"];
  const params = (options.params ?? {}) as Schedule["params"];
  const bound = bindPlan(plan, { seed, cell, params });
  const drawer = createDrawer(bound, { seed, cell, params });
  const phases = bound.phases.map((_phase, index) => schedulePhase(bound, index, drawer));
  const problems = drawer.complaints.map(({ path, message }) => ({
    file: plan.plan,
    line: 1,
    column: 1,
    path,
    message,
  }));
  if (problems.length > 0) throw new PlanError(problems);
  return { plan: plan.plan, seed, cell, params, phases };
}

/** The n-th occurrence of an armed step; `at` counts from its trigger. The same as in `createSchedule`. */
export function drawOccurrence(plan: Plan, { seed, cell, params }: Schedule, stepName: string, n: number): Occurrence {
  for (const phase of plan.phases) {
    const step = phase.faults.find(({ name }) => name === stepName);
    if (step === undefined) continue;
    const drawer = createDrawer(plan, { seed, cell, params });
    const at = drawer.number(step, "at", step.at, n, 0);
    const occurrence = occurrenceOf(step, { n, at, progress: 0 }, drawer);
    if (occurrence !== undefined) return occurrence;
  }
  throw new RangeError(`${plan.plan} has no armed step ${stepName}`);
}
