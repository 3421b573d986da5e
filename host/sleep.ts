/** A sleep is a timer that can be told to stop. */
import type { Waiting } from "./host.ts";

/** `arm` sets a timer for the time that was asked for. Rejects with the signal's reason, at once if it has aborted already. */
export function sleepBy(arm: (wake: () => void) => Disposable, { signal }: Waiting = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason);
      return;
    }
    const abort = (): void => {
      timer[Symbol.dispose]();
      reject(signal?.reason);
    };
    const timer = arm(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    });
    signal?.addEventListener("abort", abort, { once: true });
  });
}
