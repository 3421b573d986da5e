/**
 * What a node says of itself, and what its times mean by the monitor's clock.
 *
 *     ping ──► is it there, does its loop go round, what do its clocks show
 *     log  ──► its last lines, each with the time by its wall clock, by its monotonic one, and the start of the machine
 */
import { z } from "zod";

export const pingSchema = z.object({
  loop_age_ms: z.number(),
  wall_ms: z.number(),
  monotonic_ms: z.number(),
  boot: z.string(),
});
export type Ping = z.output<typeof pingSchema>;

const lineSchema = z.object({ wall_ms: z.number(), monotonic_ms: z.number(), boot: z.string(), event: z.string() });
export const linesSchema = z.array(lineSchema);
export type Line = z.output<typeof lineSchema>;

/** So much two clocks differ for other reasons. */
const stepMs = 1000;

/** Whether its wall clock has been stepped since; across a start of the machine nobody can tell. */
export function isAcrossStep(line: Line, now: Ping): boolean {
  if (line.boot !== now.boot) return true;
  return Math.abs(now.wall_ms - line.wall_ms - (now.monotonic_ms - line.monotonic_ms)) > stepMs;
}
