/** How far a clock jumps: what a step of a machine's clock, and of a server's, are told. */
import { z } from "zod";
import { signedDuration } from "./units.ts";

export const exactlyOneOf = ["by", "to"] as const;

export const byOrTo = z
  .strictObject({
    by: signedDuration.optional().meta({ description: "from what it shows; back, if below 0" }),
    to: signedDuration.optional().meta({ description: "from the true time, whatever it shows" }),
  })
  .refine(({ by, to }) => (by === undefined) !== (to === undefined), "write exactly one of by and to, such as by: 40s");
