/** Values that the schedule draws: a scalar, `$name`, `= expression`, or a distribution. */
import { z } from "zod";
import { distribution } from "../../../faults/distribution.ts";
import type { Distribution } from "../../../faults/distribution.ts";
import { duration, pace, rate, share, signedDuration, size, unitOf } from "../../../faults/units.ts";
import type { Unit } from "../../../faults/units.ts";
import { formula, inRealTime, reference } from "./words.ts";

/** One schema for all distributions of a unit, so that the JSON Schema says it once. */
const shared = new Map<Unit | undefined, z.ZodType<Distribution<unknown>>>(
  Object.entries({ duration, "signed-duration": signedDuration, size, rate, share, pace }).map(([name, scalar]) => [
    unitOf(scalar),
    distribution(scalar).meta({ id: `random-${name}` }),
  ]),
);

/** All distributions of a scalar. */
export function randomOf(scalar: z.ZodType): z.ZodType<Distribution<unknown>> {
  const unit = unitOf(scalar);
  return (unit === undefined ? undefined : shared.get(unit)) ?? distribution(scalar);
}

export function value(scalar: z.ZodType): z.ZodType {
  const { inner, optional } = unwrap(scalar);
  const ways = [inner, reference, formula, randomOf(inner)] as const;
  const real = unitOf(inner)?.name === "duration" ? [inRealTime(z.union(ways))] : [];
  const written = z.union([...ways, ...real]).meta(pick(scalar));
  return optional ? written.optional() : written;
}

/** The scalar behind `.optional()` and `.prefault(…)`: a default is the fault's own business, and comes in when it is injected. */
export function unwrap(scalar: z.ZodType): { readonly inner: z.ZodType; readonly optional: boolean } {
  let inner = scalar;
  let optional = false;
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault) {
    inner = inner.unwrap() as z.ZodType;
    optional = true;
  }
  return { inner, optional };
}

function pick(scalar: z.ZodType): { description?: string; default?: unknown } {
  const description = scalar.description ?? unwrap(scalar).inner.description;
  return description === undefined ? {} : { description };
}
