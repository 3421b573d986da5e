/** Within which bounds `hunt --mix` adds faults of its own to a plan. */
import { z } from "zod";
import { share } from "../../../faults/units.ts";
import { faults } from "../../../faults/registry.ts";
import { faultKey } from "../../../faults/key.ts";
import { faultHint } from "../../../faults/meant.ts";
import { bound, name } from "./words.ts";

const keys = [...faults.keys()].map(faultKey);
const planes = [...new Set([...faults.values()].map(({ plane }) => `${plane}.*`))];
const known = [...keys, ...planes];

const pattern = z
  .string("write the name of a fault, such as tcp.latency, or of a plane, such as process.*")
  .refine((text) => known.includes(text), {
    error: ({ input }) => `there is no fault called ${String(input)}: ${faultHint(String(input), known)}`,
  })
  .meta({ enum: known });

export const mixDocument = z
  .strictObject({
    faults: z.array(pattern).min(1, "write at least one fault").optional().meta({
      description: "Which faults, such as [tcp.latency, process.*]; by default all that are fair to anybody.",
    }),
    where: z
      .array(name)
      .min(1, "write at least one name")
      .optional()
      .meta({ description: "On which services and links; by default on all." }),
    at_most: z
      .int("write a whole number, such as 3")
      .min(1, "write a number of 1 or more")
      .max(20, "write 20 at most")
      .default(3)
      .meta({ description: "How many of them at the same time." }),
    strength: bound(share)
      .prefault("100%")
      .meta({ description: "How far from their mildest to their most severe they may go." }),
  })
  .meta({ id: "mix", description: "Bounds for `sinbin hunt --mix`, which adds faults at random." });

export type Mix = z.output<typeof mixDocument>;

/** The bounds of a plan that states none. */
export const widestMix: Mix = mixDocument.parse({});

/** True if the plan's bounds name the fault, by itself or with its plane. */
export function namesFault(mix: Mix, { kind, plane }: { readonly kind: string; readonly plane: string }): boolean {
  return mix.faults?.some((text) => text === faultKey(kind) || text === `${plane}.*`) === true;
}
