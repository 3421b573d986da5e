/**
 * From a value as it is written to a value for one occurrence.
 *
 *     "250ms" · 10s..20s · { normal: […] } · $gap · = period + jitter   ──draw(seed, path, n)──►   { type, value, written }
 *
 * Every draw is `H(seed, path, n)`: it depends on where the value stands and on nothing that was drawn before.
 */
import { z } from "zod";
import { drawFrom, isDistribution } from "../../faults/distribution.ts";
import type { Distribution } from "../../faults/distribution.ts";
import { uniform } from "../../faults/random.ts";
import type { PathPart } from "../../faults/random.ts";
import {
  count,
  duration,
  durationUnit,
  parseQuantity,
  rate,
  settle,
  share,
  signedDuration,
  signedDurationUnit,
  size,
  sizeUnit,
  unitOf,
} from "../../faults/units.ts";
import type { Unit } from "../../faults/units.ts";
import { ExpressionError, compileExpression } from "../expression/expression.ts";
import { randomOf } from "../plan/document/values.ts";
import { hint } from "../../faults/nearest.ts";
import type { Constant, Written } from "../plan/schema.ts";

/** A value that can't be drawn. The parser turns it into a problem with its place. */
export class DrawError extends Error {
  /** Offset into the text, for expressions. */
  readonly offset: number;

  constructor(message: string, offset = 0) {
    super(message);
    this.offset = offset;
  }
}

export interface Drawn extends Constant {
  /** As a plan would say it. */
  readonly written: Written;
}

export interface Drawing {
  readonly seed: number;
  /** Step and parameter, or `let` and its name. */
  readonly path: readonly PathPart[];
  readonly n: number;
  /** From 0 to 1: where a ramp stands. */
  readonly progress: number;
}

/** What `$name` stands for at a place. `once`: it is drawn already, and the same wherever it is used. */
export type Meaning = { readonly once: Drawn } | { readonly anew: Written };

export type Remember = <Made>(owner: object, key: Written, make: () => Made) => Made;

export function createMemory(): Remember {
  const memory = new Map<object, Map<Written, unknown>>();
  return <Made>(owner: object, key: Written, make: () => Made): Made => {
    const known = memory.get(owner) ?? new Map<Written, unknown>();
    memory.set(owner, known);
    if (!known.has(key)) known.set(key, make());
    return known.get(key) as Made;
  };
}

export interface Names {
  readonly all: ReadonlySet<string>;
  /** Only for names of `all`. @throws {DrawError} */
  readonly meaningOf: (name: string) => Meaning;
  /** What was made of a text, so that ten thousand occurrences read it once. */
  readonly remember: Remember;
}

export const isReference = (written: Written): written is `$${string}` =>
  typeof written === "string" && /^\$[a-z][a-z0-9_]*$/.test(written);
export const isFormula = (written: Written): written is `= ${string}` =>
  typeof written === "string" && written.startsWith("= ");

/** More than this is a value that names itself. */
const maximumDepth = 20;

/** `scalar` is the schema of the place; without one, the text says what it is. @throws {DrawError} */
export function draw(
  written: Written,
  scalar: z.ZodType | undefined,
  names: Names,
  drawing: Drawing,
  depth = 0,
): Drawn {
  if (depth > maximumDepth) throw new DrawError("this value refers to itself: write it out");
  if (isReference(written)) {
    const name = written.slice(1);
    const meaning = meaningOf(name, names);
    const inner = { ...drawing, path: [...drawing.path, name] };
    return "once" in meaning
      ? draw(meaning.once.written, scalar, names, inner, depth + 1)
      : draw(meaning.anew, scalar, names, inner, depth + 1);
  }
  if (isFormula(written)) return evaluate(written.slice(2), scalar, names, drawing, depth);
  const schema = scalar ?? inferred(written);
  if (schema === undefined) return plain(written);
  const unit = unitOf(schema);
  const read = names.remember(schema, written, () => readValue(schema, written));
  if ("wrong" in read) throw new DrawError(read.wrong);
  if ("literal" in read) return result(read.literal, unit, unit === undefined ? undefined : inferredType(unit));
  const random = drawFrom(read.random, {
    uniform: (k) => uniform(drawing.seed, [...drawing.path, k, drawing.n]),
    n: drawing.n,
    progress: drawing.progress,
    whole: unit?.step === 1,
  });
  if (unit === undefined) return result(random, unit);
  // A value whose place is not known yet may be negative: `period + jitter` is settled where it is used.
  return scalar === undefined ? loose(Number(random), unit) : result(settle(unit, Number(random)), unit);
}

type ReadValue =
  { readonly literal: unknown } | { readonly random: Distribution<unknown> } | { readonly wrong: string };

function readValue(schema: z.ZodType, written: Written): ReadValue {
  const literal = schema.safeParse(written);
  if (literal.success) return { literal: literal.data };
  const parsed = randomOf(schema).safeParse(written);
  if (parsed.success) return { random: parsed.data };
  return { wrong: (isLike(written) ? parsed : literal).error.issues[0]?.message ?? "write another value" };
}

function meaningOf(name: string, names: Names): Meaning {
  if (!names.all.has(name)) throw new DrawError(`there is no parameter ${name}: ${hint(name, names.all)}`);
  return names.meaningOf(name);
}

/** A distribution or a range, rather than a scalar that is wrong. */
function isLike(written: Written): boolean {
  return typeof written === "object" || (typeof written === "string" && written.includes(".."));
}

function evaluate(text: string, scalar: z.ZodType | undefined, names: Names, drawing: Drawing, depth: number): Drawn {
  const used = [...names.all].filter((name) => new RegExp(`(?<![\\w.])${name}(?!\\w)`).test(text));
  const drawn = new Map(
    used.map((name) => {
      const meaning = names.meaningOf(name);
      const inner = { ...drawing, path: [...drawing.path, name] };
      return [name, "once" in meaning ? meaning.once : draw(meaning.anew, undefined, names, inner, depth + 1)];
    }),
  );
  const variables = new Map([...names.all].map((name) => [name, drawn.get(name)?.type ?? "dynamic"] as const));
  try {
    const types = [...variables].map(([name, type]) => `${name}:${type}`).join(" ");
    const expression = names.remember(names, `${text}\n${types}`, () =>
      compileExpression(text, { variables, steps: new Set() }),
    );
    const value = expression.evaluate({
      variables: Object.fromEntries([...drawn].map(([name, constant]) => [name, constant.value])),
      fault: () => undefined,
    });
    return settled(value, typeof expression.type === "string" ? expression.type : "dynamic", scalar);
  } catch (error) {
    if (error instanceof ExpressionError) throw new DrawError(error.message, error.offset + 2);
    throw error;
  }
}

/** The result of a formula, where it is used. */
function settled(value: unknown, type: string, scalar: z.ZodType | undefined): Drawn {
  if (scalar === undefined) {
    if (type === "duration") return loose(Number(value), durationUnit);
    if (type === "size") return loose(Number(value), sizeUnit);
    return plain(value as Written);
  }
  const unit = unitOf(scalar);
  if (unit === undefined) {
    const parsed = scalar.safeParse(value);
    if (!parsed.success) throw new DrawError(parsed.error.issues[0]?.message ?? "write another value");
    return result(parsed.data, unit);
  }
  const known = unit.name === "duration" || unit.name === "size";
  if (
    typeof value !== "number" ||
    !Number.isFinite(value) ||
    (known ? type !== unit.name : type === "duration" || type === "size")
  ) {
    throw new DrawError(`the result is ${typeof value === "number" ? `of type ${type}` : String(value)}: ${unit.help}`);
  }
  return result(settle(unit, value), unit);
}

function result(
  value: unknown,
  unit: Unit | undefined,
  type: Constant["type"] = unit === undefined ? typeOf(value) : inferredType(unit),
): Drawn {
  const written = unit === undefined || unit.name === "count" ? (value as Written) : unit.format(Number(value));
  return { type, value, written };
}

/** A number of a unit, negative or not; what is written of it is only for places that settle it again. */
function loose(value: number, unit: Unit): Drawn {
  const stepsPerOne = Math.round(1 / unit.step);
  const rounded = unit.step === 1 ? Math.round(value) : Math.round(value * stepsPerOne) / stepsPerOne;
  return {
    type: inferredType(unit),
    value: rounded,
    written: unit.name === "count" ? rounded : unit.format(settle(unit, rounded)),
  };
}

function plain(written: Written): Drawn {
  return { type: typeOf(written), value: written, written };
}

function typeOf(value: unknown): Constant["type"] {
  if (typeof value === "boolean") return "bool";
  if (typeof value === "string") return "string";
  if (typeof value === "number") return Number.isSafeInteger(value) ? "int" : "double";
  return "dynamic";
}

function inferredType({ name }: Unit): Constant["type"] {
  switch (name) {
    case "duration":
    case "size":
      return name;
    case "count":
      return "int";
    case "rate":
    case "share":
      return "double";
  }
}

/** The schema that fits the first scalar found in a value, so that a distribution of durations draws durations. */
export function inferred(written: Written): z.ZodType | undefined {
  const first = firstScalar(written);
  if (typeof first === "number") {
    if (!isDistribution(written)) return undefined;
    return JSON.stringify(written).includes(".") ? z.number() : wholeNumber;
  }
  const ranged = typeof first === "string" ? first.split("..")[0] : undefined;
  const found = ranged === undefined ? undefined : parseQuantity(ranged)?.unit;
  if (found === signedDurationUnit) return signedDuration;
  const unit = found?.name;
  if (unit !== undefined && unit !== "count") return scalars[unit];
  if (!isDistribution(written)) return undefined;
  return typeof first === "boolean" ? z.boolean() : z.string();
}

const scalars = { duration, size, rate, share } as const;
const wholeNumber = count(Number.MIN_SAFE_INTEGER);

function firstScalar(written: Written): Written {
  if (typeof written !== "object" || written === null) return written;
  const [first] = Object.values(written);
  return first === undefined ? null : firstScalar(first);
}

/** The distribution behind a value, if there is one in plain sight: for bounds and for what is foreseeable. */
export function distributionOf(
  written: Written,
  scalar: z.ZodType,
  names: Names,
  depth = 0,
): Distribution<unknown> | undefined {
  if (depth > maximumDepth) return undefined;
  if (isReference(written) && names.all.has(written.slice(1))) {
    const meaning = names.meaningOf(written.slice(1));
    return "once" in meaning ? undefined : distributionOf(meaning.anew, scalar, names, depth + 1);
  }
  if (isFormula(written) || !isLike(written)) return undefined;
  const parsed = randomOf(scalar).safeParse(written);
  return parsed.success ? parsed.data : undefined;
}
