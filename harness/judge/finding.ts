/** What the judge has to say about one expectation. The shape is that of `verdict.json`. */
import { z } from "zod";
import { eventSchema } from "../history/event.ts";

export const verdicts = ["pass", "fail", "unknown"] as const;
export type Verdict = (typeof verdicts)[number];

const evidenceSchema = z.object({
  /** What the expression looked at, at that time, as text with units. */
  values: z.record(z.string(), z.string()),
  /** What happened just before and just after, as far as it bears on it. */
  events: z.array(eventSchema),
});

export const findingSchema = z.object({
  /** `warn`: it failed, and the plan says that this is only worth a warning; the verdict of the run is not touched. */
  verdict: z.enum([...verdicts, "warn"]),
  /** As the plan says it (`never node.exited`), or what the harness expects by itself (`step storm hits`). */
  expectation: z.string(),
  name: z.string().optional(),
  /** One sentence. */
  reason: z.string(),
  /** Milliseconds since the run began. */
  at: z.number().optional(),
  evidence: evidenceSchema.optional(),
});

export type Evidence = z.output<typeof evidenceSchema>;
export type Finding = z.output<typeof findingSchema>;

export interface Judgement {
  readonly verdict: Verdict;
  readonly findings: readonly Finding[];
}

/** `fail`, then `unknown`, then `pass`; warnings do not count. */
export function worst(all: Iterable<Finding["verdict"]>): Verdict {
  const set = new Set(all);
  if (set.has("fail")) return "fail";
  return set.has("unknown") ? "unknown" : "pass";
}
