/** How late something comes, when a fault draws that anew for each item. */
import { drawFrom, isDistribution, type Distribution } from "./distribution.ts";

export interface Delaying {
  readonly delay: number;
  /** Plus or minus so much, evenly; a distribution is added as drawn. */
  readonly jitter: number | Distribution<number>;
}

/** Milliseconds, never less than 0. `n`: which item it is, from 0. */
export function delayOf({ delay, jitter }: Delaying, n: number, draw: (decision: string, n: number) => number): number {
  if (jitter === 0) return Math.max(0, delay);
  const deviation = isDistribution(jitter) ? jitter : { uniform: [-jitter, jitter] as const };
  return Math.max(0, delay + drawFrom(deviation, { n, uniform: (k) => draw(`jitter.${k}`, n) }));
}
