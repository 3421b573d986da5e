/**
 * The wall clock of a host, more finely than it shows it: Node's has whole milliseconds, and the monotonic clock goes on between them.
 *
 *     wall shows w, monotonic m  ──►  the wall clock is m + c, for some c from w − m up to a millisecond more
 *
 * Each look narrows it down. If no c fits any more, the clock was stepped, or runs at another rate: then it begins anew.
 */
import type { Clock } from "../../host/host.ts";

/** What the wall clock cuts off. */
const tickMs = 1;

/** Milliseconds since the Unix epoch; never more than a tick from what the clock shows. */
export function createFineClock(clock: Clock): () => number {
  let least = -Infinity;
  let most = Infinity;
  return () => {
    const monotonic = clock.monotonic();
    const shown = clock.wall();
    // One that shows fractions has nothing to be found out.
    if (!Number.isInteger(shown)) return shown;
    const difference = shown - monotonic;
    least = Math.max(least, difference);
    most = Math.min(most, difference + tickMs);
    if (least > most) {
      least = difference;
      most = difference + tickMs;
    }
    return Math.min(shown + tickMs, Math.max(shown, monotonic + (least + most) / 2));
  };
}
