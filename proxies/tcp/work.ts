import type { Clock } from "../../host/host.ts";
import { createTurns, type Turns } from "../../host/turns.ts";

/** In pieces that are made or delivered: some ten milliseconds. */
const shareOfTurn = 2000;

const works = new WeakMap<Clock, Turns>();

/**
 * What all links of a host do in one turn: a fault may cut what is read at once into a hundred thousand pieces, each of them a call to the kernel.
 */
export function workOf(clock: Clock): Turns {
  let work = works.get(clock);
  if (work === undefined) {
    work = createTurns({ share: shareOfTurn, next: (end) => void clock.timer(0, end) });
    works.set(clock, work);
  }
  return work;
}
