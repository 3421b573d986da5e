/**
 * Values that differ from one occurrence (or one item) to the next. In a plan and in code they have the same shape:
 *
 *     10ms..50ms                              the same as { uniform: [10ms, 50ms] }
 *     { uniform: [a, b] }                     both ends included where the unit is whole
 *     { normal: [mean, deviation] }
 *     { exponential: mean }
 *     { lognormal: [median, sigma] }          sigma is a bare number: the deviation of the logarithm
 *     { laplace: [mean, scale] }              exponential to both sides: the deviation is the square root of 2 times the scale
 *     { pareto: [least, shape] }              shape is a bare number: the smaller, the heavier the tail; without a mean from 1 down
 *     { choice: [a, { value: b, weight: 3 }] }
 *     { cycle: [a, b, c] }                    in order, again and again
 *     { ramp: [from, to] }                    over the length of the occurrence
 *     { trace: [a, b, c] }                    in order, then the last one for ever
 */
import { z } from "zod";
import { settle, unitOf, unitsOfSchemas, type Unit } from "./units.ts";

export type Distribution<T> =
  | { readonly uniform: readonly [T, T] }
  | { readonly normal: readonly [T, T] }
  | { readonly exponential: T }
  | { readonly lognormal: readonly [T, number] }
  | { readonly laplace: readonly [T, T] }
  | { readonly pareto: readonly [T, number] }
  | { readonly choice: readonly Weighted<T>[] }
  | { readonly cycle: readonly T[] }
  | { readonly ramp: readonly [T, T] }
  | { readonly trace: readonly T[] };

export interface Weighted<T> {
  readonly value: T;
  readonly weight: number;
}

/** Those that make a number between others; words can only be chosen, cycled and traced. */
const numeric = ["uniform", "normal", "exponential", "lognormal", "laplace", "pareto", "ramp"] as const;
const listed = ["choice", "cycle", "trace"] as const;
const all = [...numeric, ...listed];

export type DistributionName = (typeof all)[number];

/** No plan lists more by hand, and a trace from the field is thinned to this. */
const longestList = 10_000;

/** The names that a distribution of this scalar may have. */
function distributionNames(scalar: z.core.$ZodType): readonly DistributionName[] {
  return unitOf(scalar) === undefined ? listed : all;
}

/** The shape of one distribution by its name: `{ uniform: [a, b] }` and so on, as a plan writes it. */
export function distributionShape<T>(name: DistributionName, scalar: z.ZodType<T>): z.ZodType<Distribution<T>> {
  const list = z.array(scalar).min(1, "write at least one value").max(longestList, tooLong);
  const pairOf = (second: z.ZodType, words: string) =>
    z.tuple([scalar, second], { error: `write two values: ${name}: [${words}]` });
  const shape = z
    .number({ error: "write the shape as a bare number, such as 2.5" })
    .positive("write a shape above 0, such as 2.5");
  const sigma = z.number({ error: "write sigma as a bare number, such as 0.5" }).min(0, "write a sigma of 0 or more");
  const shapes: Readonly<Record<DistributionName, () => z.ZodType>> = {
    uniform: () =>
      z
        .strictObject({ uniform: pairOf(scalar, "low, high") })
        .refine(
          ({ uniform: [low, high] }) => (low as number) <= (high as number),
          lowerFirst("{ uniform: [low, high] }"),
        ),
    normal: () => z.strictObject({ normal: pairOf(scalar, "mean, deviation") }),
    exponential: () => z.strictObject({ exponential: scalar }),
    lognormal: () => z.strictObject({ lognormal: pairOf(sigma, "median, sigma") }),
    laplace: () => z.strictObject({ laplace: pairOf(scalar, "mean, scale") }),
    pareto: () => z.strictObject({ pareto: pairOf(shape, "least, shape") }),
    choice: () =>
      z.strictObject({
        choice: z.array(weighted(scalar)).min(1, "write at least one value").max(longestList, tooLong),
      }),
    cycle: () => z.strictObject({ cycle: list }),
    ramp: () => z.strictObject({ ramp: pairOf(scalar, "from, to") }),
    trace: () => z.strictObject({ trace: list }),
  };
  return shapes[name]() as z.ZodType<Distribution<T>>;
}

const tooLong = `write ${longestList} values at most`;
const lowerFirst = (example: string): string => `write the lower end first, as in ${example}`;

function weighted<T>(scalar: z.ZodType<T>): z.ZodType<Weighted<T>> {
  const help = "write a weight above 0, such as 3";
  const weight = z.number({ error: help }).positive(help).prefault(1);
  const bare = scalar.transform((value) => ({ value, weight: 1 }));
  return z.union([bare, z.strictObject({ value: scalar, weight })], {
    error: "write a value, or { value: …, weight: 3 }",
  });
}

/** "a..b", or undefined for scalars that have no order. */
function rangeText(scalar: z.core.$ZodType): z.ZodType<Distribution<number>, string> | undefined {
  const unit = unitOf(scalar);
  if (unit === undefined) return undefined;
  const help = `${unit.help}, or a range of two, such as ${exampleRange(unit)}`;
  return z
    .string({ error: help })
    .regex(new RegExp(`^${unit.pattern}\\.\\.${unit.pattern}$`), help)
    .transform((text, context) => {
      const [low = Number.NaN, high = Number.NaN] = text.split("..").map(unit.parse);
      const inside = [low, high].every((end) => settle(unit, end) === end);
      if (!inside || low > high) context.addIssue({ code: "custom", message: lowerFirst(exampleRange(unit)) });
      return { uniform: [low, high] };
    });
}

function exampleRange(unit: Unit): string {
  const examples = {
    duration: "10ms..2s",
    size: "16B..4KiB",
    rate: "200B/s..64KiB/s",
    share: "5%..10%",
    count: "1..10",
  };
  return examples[unit.name];
}

/**
 * Any distribution of a scalar, parsed by its one key; `names` narrows them. The one issue of a wrong one is a sentence: a parser that wants
 * better looks at the key first and uses `distributionShape`.
 */
export function distribution<T>(
  scalar: z.ZodType<T>,
  names: readonly DistributionName[] = distributionNames(scalar),
): z.ZodType<Distribution<T>> {
  const range = rangeText(scalar) as z.ZodType<Distribution<T>> | undefined;
  const shapes = names.map((name) => distributionShape(name, scalar));
  return z.union(range === undefined ? shapes : [range, ...shapes], {
    error: `write a distribution: one of ${names.join(", ")}, such as { ${names[0] ?? "cycle"}: [a, b] }`,
  });
}

/** A parameter that the fault draws itself, per item. There is no length that a ramp could run over. */
export function perItem<T>(scalar: z.ZodType<T>): z.ZodType<T | Distribution<T>> {
  const names = distributionNames(scalar).filter((name) => name !== "ramp");
  const unit = unitOf(scalar);
  const error = `${unit?.help ?? "write a value"}, or a distribution: one of ${names.join(", ")}`;
  const schema = z.union([scalar, distribution(scalar, names)], { error });
  return unit === undefined ? schema : schema.register(unitsOfSchemas, { unit });
}

export function isDistribution<T>(value: T | Distribution<T>): value is Distribution<T> {
  if (typeof value !== "object" || value === null) return false;
  const keys = Object.keys(value);
  return keys.length === 1 && all.some((name) => name === keys[0]);
}

export interface Draws {
  /** The k-th independent number in [0, 1) for this value. */
  readonly uniform: (k: number) => number;
  /** The ordinal of the occurrence or item, from 0: where a cycle or a trace stands. */
  readonly n: number;
  /** How much of the occurrence is over, from 0 to 1: where a ramp stands. */
  readonly progress?: number;
  /** Whole numbers only, both ends included. */
  readonly whole?: boolean;
}

/** One value. Normal draws may fall outside what the unit allows; `drawQuantity` settles them. */
export function drawFrom<T>(from: Distribution<T>, draws: Draws): T {
  if ("choice" in from) return chosen(from.choice, draws.uniform(0));
  if ("cycle" in from) return at(from.cycle, draws.n % from.cycle.length);
  if ("trace" in from) return at(from.trace, Math.min(draws.n, from.trace.length - 1));
  return drawNumber(from as NumericDistribution, draws) as T;
}

type NumericDistribution = Extract<
  Distribution<number>,
  { readonly [Name in (typeof numeric)[number]]: { readonly [Key in Name]: unknown } }[(typeof numeric)[number]]
>;

function drawNumber(from: NumericDistribution, draws: Draws): number {
  const whole = draws.whole === true ? Math.round : (value: number) => value;
  if ("uniform" in from) {
    const [low, high] = from.uniform;
    if (draws.whole === true) return low + Math.floor(draws.uniform(0) * (high - low + 1));
    return low + draws.uniform(0) * (high - low);
  }
  if ("normal" in from) return whole(from.normal[0] + from.normal[1] * standardNormal(draws));
  if ("exponential" in from) return whole(-from.exponential * Math.log(1 - draws.uniform(0)));
  if ("lognormal" in from) return whole(times(from.lognormal[0], Math.exp(from.lognormal[1] * standardNormal(draws))));
  if ("laplace" in from) return whole(from.laplace[0] + from.laplace[1] * standardLaplace(draws));
  if ("pareto" in from) return whole(times(from.pareto[0], (1 - draws.uniform(0)) ** (-1 / from.pareto[1])));
  const [start, end] = from.ramp;
  return whole(start + (draws.progress ?? 0) * (end - start));
}

/** However far out on a tail it is: of nothing, it is nothing. */
function times(value: number, factor: number): number {
  return value === 0 ? 0 : value * factor;
}

/** Box and Muller's. */
function standardNormal({ uniform }: Draws): number {
  return Math.sqrt(-2 * Math.log(1 - uniform(0))) * Math.cos(2 * Math.PI * uniform(1));
}

/** By the inverse of its cumulative distribution. */
function standardLaplace({ uniform }: Draws): number {
  const u = uniform(0) - 0.5;
  return -Math.sign(u) * Math.log(1 - 2 * Math.abs(u));
}

function chosen<T>(choice: readonly Weighted<T>[], u: number): T {
  let rest = u * choice.reduce((sum, { weight }) => sum + weight, 0);
  for (const { value, weight } of choice) {
    if (rest < weight) return value;
    rest -= weight;
  }
  return at(choice, choice.length - 1).value;
}

function at<T>(list: readonly T[], index: number): T {
  if (index < 0 || index >= list.length) throw new RangeError("a distribution needs at least one value");
  return list[index] as T;
}

/** One value of a unit: rounded to its step and within its limits. */
export function drawQuantity(from: Distribution<number>, unit: Unit, draws: Omit<Draws, "whole">): number {
  return settle(unit, drawFrom(from, { ...draws, whole: unit.step === 1 }));
}

/** The least and the greatest value that a draw can give; undefined where there is no such end (or no order). `unit` clips what is below 0. */
export function bounds<T>(of: Distribution<T>): readonly [T, T] | undefined {
  if ("uniform" in of) return of.uniform;
  if ("ramp" in of) return of.ramp[0] <= of.ramp[1] ? of.ramp : [of.ramp[1], of.ramp[0]];
  if ("choice" in of) return extremes(of.choice.map(({ value }) => value));
  if ("cycle" in of) return extremes(of.cycle);
  if ("trace" in of) return extremes(of.trace);
  return undefined;
}

function extremes<T>(values: readonly T[]): readonly [T, T] | undefined {
  const [first] = values;
  if (typeof first !== "number") return undefined;
  return [
    values.reduce((low, value) => (value < low ? value : low), first as T),
    values.reduce((high, value) => (value > high ? value : high), first as T),
  ];
}
