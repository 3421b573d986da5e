/** Averages over the last 1, 5 and 15 minutes of what only grows; over less, as long as less is known. */

/** What each name has in all, at a moment of the monotonic clock. */
export interface Totals {
  readonly at: number;
  readonly of: ReadonlyMap<string, number>;
}

export interface Averages {
  /** Remembers it, if the last one is old enough. */
  add(totals: Totals): void;
  /** Per millisecond up to these, over each of the times. */
  upTo(totals: Totals, name: string): readonly number[];
}

const timesMs = [60_000, 300_000, 900_000] as const;
const longestMs = 900_000;
/** So that 180 are remembered, and an average is over at most so much more than it says. */
const stepMs = 5000;

export function createAverages(): Averages {
  const history: Totals[] = [];
  return {
    add(totals) {
      const last = history.at(-1);
      if (last !== undefined && totals.at - last.at < stepMs) return;
      history.push(totals);
      while (history[1] !== undefined && totals.at - history[1].at >= longestMs) history.shift();
    },
    upTo: ({ at, of }, name) =>
      timesMs.map((timeMs) => {
        const then = history.findLast((each) => at - each.at >= timeMs) ?? history[0];
        if (then === undefined || at <= then.at) return 0;
        return Math.max(0, (of.get(name) ?? 0) - (then.of.get(name) ?? 0)) / (at - then.at);
      }),
  };
}
