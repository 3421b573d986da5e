/** Who has passed whom: replies that are held until others have gone by, all connections of a link together. */
import type { Clock } from "../../host/host.ts";

export interface Passing {
  /** A reply goes out now. */
  pass(): void;
  /** Resolves with how many have gone by, when these are enough, the time is over, or the signal aborts. */
  hold(behind: number, longestMs: number, signal: AbortSignal): Promise<number>;
}

export function createPassing(clock: Clock): Passing {
  const held = new Set<() => void>();
  return {
    pass() {
      for (const onPass of held) onPass();
    },
    async hold(behind, longestMs, signal) {
      if (signal.aborted) return 0;
      const { promise, resolve } = Promise.withResolvers<void>();
      let passed = 0;
      const onPass = (): void => {
        passed += 1;
        if (passed >= behind) resolve();
      };
      using timer = clock.timer(longestMs, resolve);
      void timer;
      const stop = (): void => resolve();
      signal.addEventListener("abort", stop);
      held.add(onPass);
      await promise;
      held.delete(onPass);
      signal.removeEventListener("abort", stop);
      return passed;
    },
  };
}
