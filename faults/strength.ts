/**
 * How strong a parameter can be made: from the mildest value that still does something to the most severe that is worth trying. A parameter
 * declares both as a plan would write them:
 *
 *     delay: duration.meta({ description: "how much later", strengths: ["1ms", "10s"] })
 *     rate:  rate.meta({ description: "bytes per second", strengths: ["1MiB/s", "100B/s"] })      the mildest is the largest
 *
 * Random mixes draw between them, and whoever makes a fault weaker goes from the second towards the first.
 */
import { z } from "zod";
import { settle, unitOf, type Unit } from "./units.ts";

export interface Strengths {
  readonly unit: Unit;
  readonly mildest: number;
  readonly severest: number;
}

const declared = z.tuple([z.union([z.string(), z.number()]), z.union([z.string(), z.number()])]);

/** Undefined if the parameter declares none. */
export function strengthsOf(parameter: z.core.$ZodType): Strengths | undefined {
  const meta = parameter instanceof z.ZodType ? parameter.meta() : undefined;
  const written = declared.safeParse(meta?.["strengths"]);
  const unit = unitOf(parameter);
  if (!written.success || unit === undefined) return undefined;
  const [mildest, severest] = written.data.map((end) => unit.parse(String(end)));
  return mildest === undefined || severest === undefined ? undefined : { unit, mildest, severest };
}

/** The value at a strength between 0 (mildest) and 1 (most severe): by orders of magnitude where both ends are above 0. */
export function valueAt({ unit, mildest, severest }: Strengths, strength: number): number {
  const value =
    mildest > 0 && severest > 0
      ? mildest * (severest / mildest) ** strength
      : mildest + (severest - mildest) * strength;
  return settle(unit, value);
}

/** As a plan writes it. */
export function writtenAt(strengths: Strengths, strength: number): string | number {
  const value = valueAt(strengths, strength);
  return strengths.unit.name === "count" ? value : strengths.unit.format(value);
}
