/**
 * How much is done in one turn of the event loop, by all who share it: whoever finds that the turn's share is spent stops, and goes on in a later one, in the
 * order in which they stopped.
 *
 *     turn: a a a a a a a a b c    a: until the share was spent; b, c: what had begun      stopped: a b c
 *     turn: a a a a a a a a                                                                stopped: b c a
 */

export interface TurnsOptions {
  /** Of what a turn has half at least. */
  readonly share: number;
  /** Calls back between this turn and the next. */
  readonly next: (callback: () => void) => void;
  /** Who goes on does not do so within the call, but later in the turn: so it is one a turn. */
  readonly later?: boolean;
}

export interface Turns {
  spend(amount: number): void;
  /** False if the turn's share is spent: `goOn` is called when it is its turn, once. */
  isLeft(goOn: () => void): boolean;
}

export function createTurns({ share, next, later = false }: TurnsOptions): Turns {
  let left = share;
  let ending = false;
  const stopped = new Set<() => void>();

  function endLater(): void {
    if (ending) return;
    ending = true;
    next(end);
  }

  function end(): void {
    ending = false;
    left = share;
    for (const goOn of stopped) {
      stopped.delete(goOn);
      goOn();
      if (later || left <= 0) break;
    }
    if (stopped.size > 0) endLater();
  }

  return {
    spend(amount) {
      left -= amount;
      // Who does little needs no end of a turn.
      if (left < share / 2) endLater();
    },
    isLeft(goOn) {
      if (left > 0) return true;
      stopped.add(goOn);
      return false;
    },
  };
}
