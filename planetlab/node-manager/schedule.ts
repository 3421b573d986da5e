/**
 * When the next fetch comes.
 *
 *     after a good one       poll + up to poll-jitter
 *     after a failed one     retry, twice that, four times that … up to poll; of each pause a random half
 *     after one over age     none at all, once
 *
 * A fleet that was started at once, or whose PLC is back, spreads by chance: over the jitter, and over the pauses of those that have failed.
 */
import type { Random } from "../../host/host.ts";
import type { Config } from "./config.ts";

/** How a round ended; `over-age`: what came had become too old on its way. */
export type Ended = "good" | "failed" | "over-age";

export interface Schedule {
  /** Before the first fetch. Who knows nothing yet has nothing to go on with, and does not wait. */
  firstMs(knowsSomething: boolean): number;
  nextMs(ended: Ended): number;
  report(): { readonly failures: number; readonly pauseMs: number };
}

export function createSchedule(
  random: Pick<Random, "number">,
  { guards, pollMs, pollJitterMs, retryMs }: Pick<Config, "guards" | "pollMs" | "pollJitterMs" | "retryMs">,
): Schedule {
  let failures = 0;
  let overAge = 0;
  let pauseMs = 0;
  const jitter = guards.has("poll-jitter") ? () => random.number() : () => 0;
  const growth = guards.has("backoff") ? (count: number) => 2 ** Math.min(count - 1, 30) : () => 1;
  const mostAtOnce = guards.has("refetch-over-age") ? 1 : 0;

  const afterFailure = (): number => {
    failures += 1;
    const longest = Math.min(pollMs, retryMs * growth(failures));
    return longest * (1 - jitter() / 2);
  };
  const after = (ended: Ended): number => {
    overAge = ended === "over-age" ? overAge + 1 : 0;
    if (ended === "over-age" && overAge <= mostAtOnce) return 0;
    if (ended !== "good") return afterFailure();
    failures = 0;
    return pollMs + jitter() * pollJitterMs;
  };
  return {
    firstMs: (knowsSomething) => (knowsSomething ? jitter() * pollJitterMs : 0),
    nextMs(ended) {
      pauseMs = Math.round(after(ended));
      return pauseMs;
    },
    report: () => ({ failures, pauseMs }),
  };
}
