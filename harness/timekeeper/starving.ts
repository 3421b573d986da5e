/** A timekeeper that hardly ever gets to run: what the faults on it act on, and what it asks before it asks anybody. */
import type { TimekeeperTarget } from "../../faults/timekeeper/contract.ts";
import { createOverlap } from "../worlds/overlap.ts";

export interface Starving {
  readonly target: TimekeeperTarget;
  /** Whether it gets to run now. */
  mayAsk(): boolean;
}

/** `now`: on a clock that goes on, whatever becomes of the machine. */
export function createStarving(now: () => number): Starving {
  const starving = createOverlap<number>(() => {});
  let last = -Infinity;
  return {
    target: { starve: (everyMs, onHeld) => starving.add(everyMs, onHeld) },
    mayAsk() {
      if (now() - last < (starving.value ?? 0)) {
        starving.hit();
        return false;
      }
      last = now();
      return true;
    },
  };
}
