/** What is random in a plan, and between which bounds. */
import { bounds } from "../../faults/distribution.ts";
import type { Distribution } from "../../faults/distribution.ts";
import type { Repertoire } from "../../faults/registry.ts";
import { count, duration, unitOf } from "../../faults/units.ts";
import { bindNames } from "../plan/bind.ts";
import { isPerItem } from "../plan/document/faults.ts";
import { unwrap } from "../plan/document/values.ts";
import type { Plan, Step, Written } from "../plan/schema.ts";
import type { z } from "zod";
import { flowText } from "./flow.ts";
import { distributionOf, inferred, isFormula, isReference } from "./draw.ts";
import type { Names } from "./draw.ts";
import type { Schedule } from "./schedule.ts";
import { repertoireIn } from "../plan/repertoire.ts";

/** One line each: where, and from what to what. */
export function describeRandom(plan: Plan, { seed, cell, params }: Schedule): readonly string[] {
  const names = bindNames(plan.document, { seed, cell, params }, () => {});
  const lets = Object.entries(plan.let).flatMap(([name, written]) => {
    const text = describe(written, inferred(written), names);
    return text === undefined
      ? []
      : [`${name}: ${text}, once for the whole run: ${flowText(names.drawn.get(name)?.written ?? null)}`];
  });
  return [
    ...lets,
    ...plan.phases.flatMap(({ faults: steps }) =>
      steps.flatMap((step) => describeStep(step, names, repertoireIn(plan))),
    ),
  ];
}

function describeStep(step: Step, names: Names, repertoire: Repertoire): readonly string[] {
  const lines: string[] = [];
  const add = (key: string, written: Written | undefined, scalar: z.ZodType): void => {
    const text = written === undefined ? undefined : describe(written, scalar, names);
    if (text !== undefined) lines.push(`${step.name}, ${key}: ${text}`);
  };
  add("at", step.at, duration);
  add("for", step.for, duration);
  add("every", step.every, duration);
  if (typeof step.until !== "string" || isReference(step.until) || isFormula(step.until))
    add("until", step.until, duration);
  add("times", step.times, count(1));
  if (step.choices.length > 1) {
    const sum = step.choices.reduce((total, { weight }) => total + weight, 0);
    const share = (weight: number): string => `${Math.round((100 * weight) / sum)}%`;
    lines.push(
      `${step.name}: ${step.choices.map(({ kind, weight }) => `${kind ?? "nothing"} ${share(weight)}`).join(", ")}`,
    );
  }
  const { names: places, count: chosen } = step.where;
  if (chosen < places.length) lines.push(`${step.name}, where: ${chosen} of ${places.join(", ")}`);
  for (const { kind = "", parameters } of step.choices) {
    for (const [name, schema] of Object.entries(repertoire.get(kind)?.parameters.shape ?? {})) {
      add(
        `${step.choices.length > 1 ? `${kind} ` : ""}${name}`,
        parameters[name],
        isPerItem(schema) ? duration : unwrap(schema).inner,
      );
    }
  }
  const probability = step.match["probability"];
  if (probability !== undefined) lines.push(`${step.name}: on ${flowText(probability as Written)} of the connections`);
  return lines;
}

function describe(written: Written, scalar: z.ZodType | undefined, names: Names): string | undefined {
  if (isFormula(written)) {
    const used = [...names.all].filter((name) => new RegExp(`(?<![\\w.])${name}(?!\\w)`).test(written.slice(2)));
    const random = used.flatMap((name) => {
      const meaning = names.meaningOf(name);
      const text = "once" in meaning ? undefined : describe(meaning.anew, inferred(meaning.anew), names);
      return text === undefined ? [] : [`${name} ${text}`];
    });
    return random.length === 0 ? undefined : `${written.slice(2)}, where ${random.join(", ")}`;
  }
  const distribution = scalar === undefined ? undefined : distributionOf(written, scalar, names);
  return distribution === undefined || scalar === undefined ? undefined : sentence(distribution, scalar);
}

function sentence(distribution: Distribution<unknown>, scalar: z.ZodType): string {
  const unit = unitOf(scalar);
  const text = (value: unknown): string => (unit === undefined ? String(value) : unit.format(Number(value)));
  if ("normal" in distribution)
    return `normal around ${text(distribution.normal[0])}, deviation ${text(distribution.normal[1])}`;
  if ("exponential" in distribution) return `exponential, ${text(distribution.exponential)} on average`;
  if ("lognormal" in distribution)
    return `lognormal around ${text(distribution.lognormal[0])}, sigma ${distribution.lognormal[1]}`;
  if ("laplace" in distribution)
    return `laplace around ${text(distribution.laplace[0])}, scale ${text(distribution.laplace[1])}`;
  if ("pareto" in distribution)
    return `pareto from ${text(distribution.pareto[0])} up, shape ${distribution.pareto[1]}`;
  if ("choice" in distribution) return `one of ${distribution.choice.map(({ value }) => text(value)).join(", ")}`;
  if ("cycle" in distribution) return `${distribution.cycle.map(text).join(", ")} in turn`;
  if ("trace" in distribution) return `${distribution.trace.length} recorded values in turn`;
  const [low, high] = bounds(distribution) ?? [];
  return "ramp" in distribution
    ? `from ${text(distribution.ramp[0])} to ${text(distribution.ramp[1])} in the course of the step`
    : `between ${text(low)} and ${text(high)}`;
}
