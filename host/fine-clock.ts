/**
 * The wall clock of a host, more finely than it shows it: Node's has whole milliseconds, and the monotonic clock goes on between them.
 *
 *     wall shows w, monotonic m  ──►  the wall clock is m + c, for some c from w − m up to a millisecond more
 *
 * Just after a tick, w − m is all but c; each look may come closer to it. If a c does not fit any more, the clock was stepped, or runs at another rate: then
 * it begins anew.
 */
import type { Clock } from "./host.ts";

/** What the wall clock cuts off. */
const tickMs = 1;
/** Enough looks to see one tick, and how many of them may see no time pass: a simulated host's clock shows all that there is. */
const mostLooks = 50_000;
const mostIdleLooks = 100;

/** Milliseconds since the Unix epoch; never more than a tick from what the clock shows. */
export function createFineClock(clock: Clock): () => number {
  let least = -Infinity;
  let most = Infinity;
  const began = { wall: clock.wall(), monotonic: clock.monotonic() };

  function now(): number {
    const monotonic = clock.monotonic();
    const shown = clock.wall();
    const difference = shown - monotonic;
    least = Math.max(least, difference);
    most = Math.min(most, difference + tickMs);
    if (least > most) {
      least = difference;
      most = difference + tickMs;
    }
    return Math.min(shown + tickMs, Math.max(shown, monotonic + least));
  }

  for (let looks = 0; looks < mostLooks; looks += 1) {
    now();
    if (clock.wall() !== began.wall) break;
    if (looks > mostIdleLooks && clock.monotonic() === began.monotonic) break;
  }
  return now;
}
