/** The system's clocks. */
import type { Clock } from "../host.ts";

/** Node takes a longer timeout for 1 ms. */
const longestTimeoutMs = 2 ** 31 - 1;

export const realClock: Clock = {
  wall: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (milliseconds, { signal } = {}) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason);
        return;
      }
      const abort = (): void => {
        timer[Symbol.dispose]();
        reject(signal?.reason);
      };
      const timer = arm(milliseconds, { keepAlive: true }, () => {
        signal?.removeEventListener("abort", abort);
        resolve();
      });
      signal?.addEventListener("abort", abort, { once: true });
    }),
  timer: (milliseconds, callback) => arm(milliseconds, { keepAlive: false }, callback),
};

/** Never early: Node's timers may fire up to a millisecond before their time. */
function arm(milliseconds: number, { keepAlive }: { readonly keepAlive: boolean }, callback: () => void): Disposable {
  const due = performance.now() + milliseconds;
  let timeout: NodeJS.Timeout;
  const wait = (remaining: number): void => {
    timeout = setTimeout(wake, Math.min(remaining, longestTimeoutMs));
    if (!keepAlive) timeout.unref();
  };
  const wake = (): void => {
    const remaining = due - performance.now();
    if (remaining > 0) wait(remaining);
    else callback();
  };
  wait(milliseconds);
  return { [Symbol.dispose]: () => clearTimeout(timeout) };
}
