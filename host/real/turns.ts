/**
 * How much is read in one turn of the event loop. libuv takes up to 32 reads from each socket that has as much, whoever else waits: of many that are busy
 * one turn may last a second. So whoever reads when the turn's share is spent stops, and each turn lets one of them go on, in the order in which they stopped.
 *
 *     turn: a a a a a a a a b c    a: read until the share was spent; b, c: their reads had begun      stopped: a b c
 *     turn: a a a a a a a a                                                                            stopped: b c a
 */

export interface TurnsOptions {
  /** The share of a turn. */
  readonly bytes: number;
  /** Calls back between this turn and the next. */
  readonly next: (callback: () => void) => void;
}

export interface Turns {
  /** So much was read. False if its reader has to stop: `goOn` is called when it may read again. */
  read(bytes: number, goOn: () => void): boolean;
}

export function createTurns({ bytes: share, next }: TurnsOptions): Turns {
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
    const [first] = stopped;
    if (first === undefined) return;
    stopped.delete(first);
    // Those behind it wait for the next one.
    endLater();
    first();
  }

  return {
    read(bytes, goOn) {
      left -= bytes;
      endLater();
      if (left > 0) return true;
      stopped.add(goOn);
      return false;
    },
  };
}
