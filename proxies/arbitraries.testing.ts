/** Faults of links, at random. */
import * as fc from "fast-check";

export type Injecting = readonly [kind: string, parameters: object];

export const of = (kind: string, parameters: fc.Arbitrary<object> = fc.constant({})): fc.Arbitrary<Injecting> =>
  fc.tuple(fc.constant(kind), parameters);

const between = (least: number, most: number, unit: string): fc.Arbitrary<string> =>
  fc.integer({ min: least, max: most }).map((value) => `${value}${unit}`);

export const duration = between(0, 5000, "ms");
export const probability = between(0, 100, "%");
export const sizeUpTo = (most: number): fc.Arbitrary<string> => between(1, most, "B");
export const rateBetween = (least: number, most: number): fc.Arbitrary<string> => between(least, most, "B/s");
export const direction = fc.constantFrom("upstream", "downstream", "both");
