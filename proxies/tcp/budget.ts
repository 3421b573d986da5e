/** How many bytes all links of a process together may hold while they are under way. */

/** What fits in flight is the bandwidth times the delay: ten links of 1 GB/s and 50 ms. */
const usualBytes = 512 * 1024 * 1024;
/** Whoever waits for room is told when there is some, not at every byte. */
const roomShare = 7 / 8;

export interface Budget {
  /** True if there is no more room: who holds much should take no more. */
  isSpent(): boolean;
  held(): number;
  take(bytes: number): void;
  give(bytes: number): void;
  /** Calls back when there is room again, once. */
  whenRoom(then: () => void): void;
}

export function createBudget(bytes = usualBytes): Budget {
  let held = 0;
  const waiting = new Set<() => void>();
  return {
    held: () => held,
    isSpent: () => held > bytes,
    take: (taken) => void (held += taken),
    give(given) {
      held -= given;
      if (waiting.size === 0 || held > bytes * roomShare) return;
      const all = [...waiting];
      waiting.clear();
      // Not now: whoever gives is in the middle of something.
      for (const then of all) queueMicrotask(then);
    },
    whenRoom: (then) => void waiting.add(then),
  };
}

/** There is one memory: it is shared by every link that is not given another. */
export const budgetOfProcess = createBudget();
