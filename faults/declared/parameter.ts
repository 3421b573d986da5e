/** Parameters as a subject file declares them, in the words of JSON Schema, with the units of plans as further types. */
import { z } from "zod";
import { count, duration, rate, share, signedDuration, size } from "../units.ts";

const units = { duration, "signed-duration": signedDuration, size, rate, share } as const;
const types = ["string", "integer", "number", "boolean", ...(Object.keys(units) as (keyof typeof units)[])] as const;

const scalar = z.union([z.string(), z.number(), z.boolean()]);

export const parameterDocument = z
  .strictObject({
    type: z.enum(types, { error: `write one of ${types.join(", ")}` }),
    description: z.string("write a sentence").min(1, "write a sentence"),
    enum: z.array(z.string("write a word")).min(1, "write at least one word").optional(),
    pattern: z.string("write a regular expression").refine(isRegularExpression, "this does not compile").optional(),
    minimum: z.number("write a number").optional(),
    maximum: z.number("write a number").optional(),
    default: scalar.optional().meta({ description: "What it is where a plan says nothing." }),
    optional: z.literal(true, "write true, or leave it out").optional(),
  })
  .superRefine((written, context) => {
    const misplaced = [
      ...(written.type === "string" ? [] : (["enum", "pattern"] as const)),
      ...(written.type === "integer" || written.type === "number" ? [] : (["minimum", "maximum"] as const)),
    ].filter((key) => written[key] !== undefined);
    for (const key of misplaced)
      context.addIssue({
        code: "custom",
        path: [key],
        message: `leave out ${key}: it is not for type: ${written.type}`,
      });
    if (misplaced.length > 0 || written.default === undefined) return;
    if (written.optional === true)
      context.addIssue({ code: "custom", path: ["optional"], message: "leave out optional: it has a default" });
    const { error } = scalarOf(written).safeParse(written.default);
    for (const { message } of error?.issues ?? []) context.addIssue({ code: "custom", path: ["default"], message });
  });
export type ParameterDocument = z.output<typeof parameterDocument>;

/** The schema of what a plan writes for it. */
export function schemaOf(declared: ParameterDocument): z.ZodType {
  const meta = { description: declared.description };
  const schema = scalarOf(declared);
  if (declared.default !== undefined) return schema.prefault(declared.default).meta(meta);
  return (declared.optional === true ? schema.optional() : schema).meta(meta);
}

function scalarOf({ type, enum: words, pattern, minimum, maximum }: ParameterDocument): z.ZodType {
  switch (type) {
    case "string": {
      if (words !== undefined) return z.enum(words, { error: `write one of ${words.join(", ")}` });
      const text = z.string("write a text");
      return (
        pattern === undefined ? text : text.regex(new RegExp(pattern), `write a text that matches ${pattern}`)
      ).meta({
        title: "text",
      });
    }
    case "integer":
      return count(minimum ?? 0, maximum).meta({ title: "whole number" });
    case "number":
      return z
        .number("write a number")
        .min(minimum ?? -Infinity, `write ${minimum} or more`)
        .max(maximum ?? Infinity, `write ${maximum} or less`)
        .meta({ title: "number" });
    case "boolean":
      return z.boolean("write true or false").meta({ title: "true or false" });
    case "duration":
    case "signed-duration":
    case "size":
    case "rate":
    case "share":
      return units[type];
  }
}

function isRegularExpression(source: string): boolean {
  try {
    return new RegExp(source) instanceof RegExp;
  } catch {
    return false;
  }
}
