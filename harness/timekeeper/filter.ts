/** The clock filter (RFC 5905, section 10): of a server's latest samples, the one that was the least time under way is the best. */
import { maximumDispersionMs, wanderPerMs, type Sample } from "./sample.ts";

export interface Filtered {
  readonly best: Sample;
  /** How wrong it may be now, all samples together. */
  readonly dispersionMs: number;
  /** How much the others differ from it. */
  readonly jitterMs: number;
}

/** `samples`: newest first; `stages`: how many there would be. Undefined if there is none. */
export function filtered(samples: readonly Sample[], stages: number, nowMs: number): Filtered | undefined {
  const byDelay = samples.toSorted((one, other) => one.delayMs - other.delayMs || other.atMs - one.atMs);
  const [best] = byDelay;
  if (best === undefined) return undefined;
  const places = Array.from({ length: stages }, (_, n) => byDelay[n]);
  const dispersionMs = places.reduce(
    (sum, sample, n) => sum + (sample === undefined ? maximumDispersionMs : grown(sample, nowMs)) / 2 ** (n + 1),
    0,
  );
  const squares = byDelay.slice(1).map(({ offsetMs }) => (offsetMs - best.offsetMs) ** 2);
  const mean = squares.reduce((sum, each) => sum + each, 0) / Math.max(1, squares.length);
  return { best, dispersionMs, jitterMs: Math.sqrt(mean) };
}

function grown({ dispersionMs, atMs }: Sample, nowMs: number): number {
  return Math.min(maximumDispersionMs, dispersionMs + wanderPerMs * Math.max(0, nowMs - atMs));
}
