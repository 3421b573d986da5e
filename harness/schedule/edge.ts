/** The little language of `after:` and `until:` times: names, edges and sums. */
import { duration } from "../../faults/units.ts";

export interface Edge {
  /** A step, or a phase if `phase` is true. */
  readonly name: string;
  readonly phase: boolean;
  readonly side: "started" | "ended";
  readonly delay: number;
}

const pattern = /^(?:(phase)\.)?([a-z0-9][a-z0-9_.-]*?)(?:\.(started|ended))?(?:\s*\+\s*(\S+))?$/;

/** `storm`, `storm.ended + 30s`, `phase.warm-up`; undefined if it is none of these. A step's bare name means its start, a phase's its end. */
export function readEdge(text: string): Edge | undefined {
  const [whole, phase, name = "", side, delay] = pattern.exec(text.trim()) ?? [];
  if (whole === undefined) return undefined;
  const parsed = duration.safeParse(delay ?? "0ms");
  if (!parsed.success) return undefined;
  return {
    name,
    phase: phase !== undefined,
    side: side === "started" || side === "ended" ? side : phase === undefined ? "started" : "ended",
    delay: parsed.data,
  };
}

/** `phase.end`, `phase.end - 10s`: how long before the end of the phase; undefined if it is something else. */
export function readPhaseEnd(text: string): number | undefined {
  const [whole, delay] = /^phase\.end(?:\s*-\s*(\S+))?$/.exec(text.trim()) ?? [];
  if (whole === undefined) return undefined;
  const parsed = duration.safeParse(delay ?? "0ms");
  return parsed.success ? parsed.data : undefined;
}
