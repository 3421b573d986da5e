/** Parameters of a fault, drawn: how strong, or which of some words. */
import { z } from "zod";
import type { Fault } from "../../faults/registry.ts";
import { strengthsOf, writtenAt } from "../../faults/strength.ts";
import type { Written } from "../plan/schema.ts";

/** A uniform number in [0, 1) for a decision about what is being drawn. */
export type Uniform = (decision: string) => number;

/** `limit`: how far from the mildest to the most severe, at most. */
export function drawParameters(
  { parameters, exactlyOneOf, atLeastOneOf }: Fault,
  limit: number,
  uniform: Uniform,
): Readonly<Record<string, Written>> {
  const [first, ...others] = exactlyOneOf ?? atLeastOneOf ?? [];
  const needed = first === undefined ? undefined : pick([first, ...others], uniform("which"));
  return Object.fromEntries(
    Object.entries(parameters.shape).flatMap(([name, schema]): [string, Written][] => {
      if (name !== needed && exactlyOneOf?.includes(name) === true) return [];
      const optional = name !== needed && schema.safeParse(undefined).success;
      const strengths = strengthsOf(schema);
      if (strengths !== undefined) {
        const given = !optional || uniform(`${name} given`) < 0.5;
        return given ? [[name, writtenAt(strengths, limit * uniform(name))]] : [];
      }
      const words = optional ? undefined : wordsOf(schema);
      return words === undefined ? [] : [[name, pick(words, uniform(name))]];
    }),
  );
}

/** What can be chosen from: `examples` where the fault gives them, since not every word of a list is fair. */
export function wordsOf(schema: z.core.$ZodType): readonly [Written, ...Written[]] | undefined {
  const examples: unknown = schema instanceof z.ZodType ? schema.meta()?.["examples"] : undefined;
  const words = Array.isArray(examples) ? examples : schema instanceof z.ZodEnum ? schema.options : [];
  const [first, ...rest] = words as readonly Written[];
  return first === undefined ? undefined : [first, ...rest];
}

export function pick<Item>(items: readonly [Item, ...Item[]], uniform: number): Item {
  return items[Math.floor(uniform * items.length)] ?? items[0];
}
