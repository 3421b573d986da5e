/** How late something comes, when a fault draws that anew for each item. */
import { drawFrom, isDistribution, perItem, type Distribution } from "./distribution.ts";
import { duration } from "./units.ts";

export const delay = duration.meta({ description: "how much later", strengths: ["1ms", "10s"] });

export const jitterOf = (item: string) =>
  perItem(duration)
    .prefault("0ms")
    .meta({
      description: `what is added for ${item}: a duration is plus or minus so much, evenly; a distribution is added as drawn`,
      perItem: true,
      strengths: ["1ms", "2s"],
    });

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
