/** `verdict.json`, as it is in every run folder. */
import { z } from "zod";
import { findingSchema, verdicts } from "../judge/finding.ts";

export const verdictSchema = z.object({
  verdict: z.enum(verdicts),
  findings: z.array(findingSchema),
});
