/**
 * How much all links of a host do in one turn of the event loop: a fault may cut what is read at once into a hundred thousand pieces, each of them a call to
 * the kernel. Who finds that the turn's share is spent goes on in a later one, in the order in which they stopped.
 */
import type { Clock } from "../../host/host.ts";

/** In pieces, of which a turn has half at least: some ten milliseconds. */
const shareOfTurn = 2000;

export interface Work {
  /** So many pieces were made, or delivered. */
  spend(pieces: number): void;
  /** False if there is nothing left for this turn: `goOn` is called, once, when there is. */
  isLeft(goOn: () => void): boolean;
}

export function createWork(clock: Pick<Clock, "timer">, share = shareOfTurn): Work {
  let left = share;
  let ending = false;
  const stopped = new Set<() => void>();

  function endLater(): void {
    if (ending) return;
    ending = true;
    clock.timer(0, end);
  }

  function end(): void {
    ending = false;
    left = share;
    for (const goOn of stopped) {
      if (left <= 0) return endLater();
      stopped.delete(goOn);
      goOn();
    }
  }

  return {
    spend(pieces) {
      left -= pieces;
      // Who does little needs no timer.
      if (left < share / 2) endLater();
    },
    isLeft(goOn) {
      if (left > 0) return true;
      stopped.add(goOn);
      return false;
    },
  };
}

const works = new WeakMap<Clock, Work>();

/** There is one event loop: its turns are shared by all links of a host. */
export function workOf(clock: Clock): Work {
  let work = works.get(clock);
  if (work === undefined) works.set(clock, (work = createWork(clock)));
  return work;
}
