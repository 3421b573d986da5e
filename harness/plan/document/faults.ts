/** Fault keys: one for each entry of the registry, `tcp.slow_close` for `tcp.slow-close`, with its parameters as values that can be drawn. */
import { z } from "zod";
import { faultKey } from "../../../faults/key.ts";
import { faults } from "../../../faults/registry.ts";
import { exactlyOne, reference } from "./words.ts";
import { value } from "./values.ts";

/** One that draws per item takes a distribution as it is; all others get a scalar, drawn once for each occurrence. */
export function isPerItem(parameter: z.ZodType): boolean {
  return (
    parameter.meta()?.["perItem"] === true ||
    (parameter instanceof z.ZodPrefault && isPerItem(parameter.unwrap() as z.ZodType))
  );
}

export const faultShape: Readonly<Record<string, z.ZodType>> = Object.fromEntries(
  [...faults.values()].map(({ kind, about, parameters, exactlyOneOf }) => {
    const shape = Object.fromEntries(
      Object.entries(parameters.shape).map(([name, parameter]) => [name, valueOf(parameter)]),
    );
    const bare = z.strictObject(shape);
    const fitting =
      exactlyOneOf === undefined
        ? bare
        : exactlyOne(bare, exactlyOneOf, `write exactly one of ${exactlyOneOf.join(" and ")}`);
    const written = fitting.meta({ ...fitting.meta(), id: faultKey(kind), description: about });
    // `process.kill:` with nothing behind it is what one writes where nothing has to be said.
    return [faultKey(kind), (parameters.safeParse({}).success ? written.nullable() : written).optional()];
  }),
);

function valueOf(parameter: z.ZodType): z.ZodType {
  return isPerItem(parameter) ? z.union([parameter, reference]) : value(parameter);
}

export const noFault = z
  .strictObject({})
  .nullable()
  .optional()
  .meta({ description: "Nothing happens: a choice among others." });

export const faultKeys: readonly string[] = [...Object.keys(faultShape), "none"];
