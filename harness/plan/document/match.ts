/** Which requests, or questions, a step means: each plane has keys of its own (`check/steps.ts`). */
import { z } from "zod";
import { questionMatch } from "../../../faults/dns/match.ts";
import { requestShape } from "../../../faults/http/match.ts";
import { servername } from "../../../faults/match.ts";

const shape = { ...requestShape, ...questionMatch, servername };

export const stepMatch = z
  .strictObject(shape)
  .refine((match) => Object.keys(match).length > 0, `write at least one of ${listed(Object.keys(shape))}`)
  .meta({ id: "match" });

function listed(names: readonly string[]): string {
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
