/**
 * Durations in real time, in a plan whose time is scaled: what a machine needs, which nothing hurries.
 *
 *     time: { scale: 1440 }
 *     gap: { real: 2ms }        ──►   gap: 2880ms              by the plan's time, as everything else in it
 *     gap: { real: $pause }     ──►   gap: = (pause) * 1440
 *
 * So a plan has the same schedule in every world, the simulated one included, in which there is no machine to be hurried.
 */
import { isDistribution } from "../../faults/distribution.ts";
import { durationUnit, signedDurationUnit } from "../../faults/units.ts";
import { isFormula, isReference } from "../schedule/draw.ts";
import type { Complain } from "./bind.ts";
import { isRecord, recordAt, type Raw } from "./raw.ts";
import type { Written } from "./schema.ts";
import { formatPath, type Path } from "./tree.ts";

/** What counts in real time without being told to. */
export const keysInRealTime: ReadonlySet<string> = new Set(["start_timeout", "stop_timeout"]);

export interface InPlanTime {
  readonly document: Raw;
  /** Where durations in real time were written, as `formatPath` has it. */
  readonly real: readonly string[];
}

/** Below these keys stand names of the author's own, and `real` may be one of them. */
const tables: ReadonlySet<string> = new Set(["let", "env", "files", "args", "header", "where"]);

/** The document may be wrong in any way. */
export function inPlanTime(document: Raw, complain: Complain): InPlanTime {
  const scale = recordAt(document, "time")["scale"] ?? 1;
  const real: string[] = [];
  const visit = (value: Written, path: Path): Written => {
    if (Array.isArray(value)) return value.map((each: Written, index) => visit(each, [...path, index]));
    if (!isRecord(value)) return value;
    if (isReal(value, path)) {
      const stretched = stretch(value["real"], ofTheMachine(path) ? 1 : scale);
      if (stretched === undefined) complain([...path, "real"], durationUnit.help);
      else real.push(formatPath(path));
      return stretched ?? "1ms";
    }
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, visit(each, [...path, key])]));
  };
  return { document: visit(document, []) as Raw, real };
}

const ofTheMachine = (path: Path): boolean => keysInRealTime.has(String(path.at(-1)));

function isReal(value: Raw, path: Path): value is { readonly real: Written } {
  if (Object.keys(value).join() !== "real" || tables.has(String(path.at(-1)))) return false;
  return !isRecord(value["real"]) || isDistribution(value["real"]);
}

/** Undefined if there is nothing in it that could be stretched. */
function stretch(value: Written, scale: Written): Written | undefined {
  if (isReference(value)) return product(value.slice(1), scale);
  if (isFormula(value)) return product(value.slice(2), scale);
  if (typeof value === "string") return stretchText(value, scale);
  // Of a distribution: weights, the sigma of a lognormal one and the shape of a Pareto are bare numbers.
  if (typeof scale !== "number" || typeof value !== "object" || value === null) return undefined;
  const inner = (each: Written): Written => (typeof each === "number" ? each : (stretch(each, scale) ?? each));
  if (Array.isArray(value)) return value.map(inner);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, inner(each)]));
}

const duration = new RegExp(`^${signedDurationUnit.pattern}$`);

function stretchText(text: string, scale: Written): string | undefined {
  const ends = text.split("..");
  if (ends.length > 2 || !ends.every((end) => duration.test(end))) return undefined;
  if (typeof scale !== "number") return ends.length === 1 ? product(text, scale) : undefined;
  return ends.map((end) => signedDurationUnit.format(signedDurationUnit.parse(end) * scale)).join("..");
}

/** The scale may be a parameter, or come from the matrix. */
function product(expression: string, scale: Written): string | undefined {
  if (typeof scale === "number") return `= (${expression}) * ${scale}`;
  if (isReference(scale)) return `= (${expression}) * ${scale.slice(1)}`;
  return isFormula(scale) ? `= (${expression}) * (${scale.slice(2)})` : undefined;
}
