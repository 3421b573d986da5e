/** Fault keys: one for each entry of the registry, `tcp.slow_close` for `tcp.slow-close`, with its parameters as values that can be drawn. */
import { z } from "zod";
import { faultKey } from "../../../faults/key.ts";
import type { Fault, Repertoire } from "../../../faults/registry.ts";
import { atLeastOne, exactlyOne, reference } from "./words.ts";
import { value } from "./values.ts";

/** One that draws per item takes a distribution as it is; all others get a scalar, drawn once for each occurrence. */
export function isPerItem(parameter: z.ZodType): boolean {
  return (
    parameter.meta()?.["perItem"] === true ||
    (parameter instanceof z.ZodPrefault && isPerItem(parameter.unwrap() as z.ZodType))
  );
}

/** Made once for each fault: the JSON Schema says each of them once. */
const shapes = new WeakMap<Fault, z.ZodType>();

export function faultShape(repertoire: Repertoire): Readonly<Record<string, z.ZodType>> {
  return Object.fromEntries(
    [...repertoire.values()].map((fault) => {
      const shape = shapes.get(fault) ?? shapeOf(fault);
      shapes.set(fault, shape);
      return [faultKey(fault.kind), shape];
    }),
  );
}

function shapeOf({ kind, about, parameters, exactlyOneOf, atLeastOneOf }: Fault): z.ZodType {
  const shape = {};
  for (const [name, parameter] of Object.entries(parameters.shape))
    // Of most faults a plan says nothing, and nobody looks at what they could be given.
    Object.defineProperty(shape, name, { enumerable: true, get: () => valueOf(parameter) });
  const bare = z.strictObject(shape);
  const oneOf =
    exactlyOneOf === undefined
      ? bare
      : exactlyOne(bare, exactlyOneOf, `write exactly one of ${exactlyOneOf.join(" and ")}`);
  const fitting =
    atLeastOneOf === undefined
      ? oneOf
      : atLeastOne(oneOf, atLeastOneOf, `write at least one of ${atLeastOneOf.join(" and ")}`);
  const written = fitting.meta({ ...fitting.meta(), id: faultKey(kind), description: about });
  // `process.kill:` with nothing behind it is what one writes where nothing has to be said.
  return (parameters.safeParse({}, { jitless: true }).success ? written.nullable() : written).optional();
}

function valueOf(parameter: z.ZodType): z.ZodType {
  return isPerItem(parameter) ? z.union([parameter, reference]) : value(parameter);
}

export const noFault = z
  .strictObject({})
  .nullable()
  .optional()
  .meta({ description: "Nothing happens: a choice among others." });

export const faultKeys = (repertoire: Repertoire): readonly string[] => [
  ...[...repertoire.keys()].map(faultKey),
  "none",
];
