/** The small words that every part of a plan is made of. */
import { z } from "zod";
import { unitOf } from "../../../faults/units.ts";
import { reservedNames } from "../../expression/cel.ts";
import { builtInNames } from "../../judge/builtin.ts";

const reserved = new Set([...reservedNames, ...builtInNames]);

/** Names of services, links, signals and parameters: they are variables of expressions, too. */
export const name = z
  .string()
  .regex(
    /^[a-z][a-z0-9_]*$/,
    "write a name in lower case, such as node or plc_2 (letters, digits and _, beginning with a letter)",
  )
  .refine((text) => !reserved.has(text), "choose another name: expressions use this word for something else");

export const isName = (text: string): boolean => name.safeParse(text).success;

/** Names of phases, steps, plans and guards are only ever quoted, so that they may have dashes. */
export const label = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]*$/, "write a name in lower case, such as warm-up (letters, digits, -, _ and .)")
  .max(80, "write a shorter name: 80 characters at most");

/** What a step is called. Behind a `#` stands which of its occurrences this is, where each of them is written out. */
export const stepLabel = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9._-]*(#\d{1,4})?$/,
    "write a name in lower case, such as storm (letters, digits, -, _ and .), or storm#3 for one occurrence of it",
  )
  .max(80, "write a shorter name: 80 characters at most");

/** Of one service; more are a plan that was generated. */
export const mostCopies = 500;

export const text = z.string("write a text");
export const sentence = z.string("write a sentence").min(1, "write a sentence");

/** Compiled against the signals of the plan once all of it is known. */
export const expression = z
  .string("write an expression, such as node.alive or size(node.slivers) == 3")
  .min(1, "write an expression, such as node.alive")
  .meta({ description: "An expression over signals, such as `node.ping.age < 5s`." });

export const port = z
  .int("write a port, such as 443")
  .min(1, "write a port between 1 and 65535")
  .max(65535, "write a port between 1 and 65535")
  .meta({ description: "A port: the natural one, as the real daemon uses it." });

export const referencePattern = /^\$[a-z][a-z0-9_]*$/;
export const formulaPattern = /^= ./;

export const reference = z
  .string()
  .regex(referencePattern)
  .meta({ id: "parameter", description: "`$name`: the value of a parameter." });
export const formula = z
  .string()
  .regex(formulaPattern)
  .meta({ id: "formula", description: "`= expression` over parameters, such as `= period + jitter`." });

/**
 * A value that may also be `$name` or `= expression`. Both are replaced before the plan is read, so that none is left here but the ones that
 * could not be: those have a problem of their own.
 */
export function bound<Scalar extends z.ZodType>(scalar: Scalar) {
  const ways = [reference.transform(unresolved), formula.transform(unresolved)] as const;
  if (unitOf(scalar)?.name !== "duration") return z.union([scalar, ...ways]);
  return z.union([scalar, ...ways, inRealTime(z.union([scalar, reference, formula]))]);
}

/** `{ real: 2ms }`, which is replaced before the plan is read as well. */
export function inRealTime(duration: z.ZodType) {
  return z
    .strictObject({ real: duration })
    .meta({ description: "In the machine's time, where the plan's is scaled." })
    .transform((_written, context) => unresolved("", context));
}

function unresolved(_text: string, context: z.RefinementCtx): never {
  context.addIssue({ code: "custom", message: "", params: { unresolved: true } });
  return z.NEVER;
}

/** Exactly one of the keys, said to `zod` and to the JSON Schema alike. */
export function exactlyOne<Shape extends z.ZodObject>(schema: Shape, keys: readonly string[], message: string): Shape {
  return fitting(schema, keys, message, ({ size }) => size === 1).meta({
    oneOf: keys.map((key) => ({ required: [key] })),
  });
}

export function atLeastOne<Shape extends z.ZodObject>(schema: Shape, keys: readonly string[], message: string): Shape {
  return fitting(schema, keys, message, ({ size }) => size >= 1).meta({
    anyOf: keys.map((key) => ({ required: [key] })),
  });
}

export function atMostOne<Shape extends z.ZodObject>(schema: Shape, keys: readonly string[], message: string): Shape {
  const pairs = keys.flatMap((key, index) => keys.slice(index + 1).map((other) => ({ required: [key, other] })));
  return fitting(schema, keys, message, ({ size }) => size <= 1).meta({ not: { anyOf: pairs } });
}

/** Which of the keys are there has to fit. Checked even where other keys are wrong, so that all problems show at once. */
export function fitting<Shape extends z.ZodObject>(
  schema: Shape,
  keys: readonly string[],
  message: string,
  fits: (written: ReadonlySet<string>) => boolean,
): Shape {
  return schema.refine((value) => fits(new Set(keys.filter((key) => value[key] !== undefined))), {
    message,
    params: { keys },
    when: ({ value }) => typeof value === "object" && value !== null,
  });
}
