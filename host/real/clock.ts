/** The system's clocks. */
import type { Clock } from "../host.ts";
import { sleepBy } from "../sleep.ts";

/** Node takes a longer timeout for 1 ms. */
const longestTimeoutMs = 2 ** 31 - 1;

export const realClock: Clock = {
  wall: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (milliseconds, waiting) => sleepBy((wake) => arm(milliseconds, { keepAlive: true }, wake), waiting),
  timer: (milliseconds, callback) => arm(milliseconds, { keepAlive: false }, callback),
};

/** Never early: Node's timers may fire up to a millisecond before their time. */
function arm(milliseconds: number, { keepAlive }: { readonly keepAlive: boolean }, callback: () => void): Disposable {
  const due = performance.now() + milliseconds;
  let timeout: NodeJS.Timeout;
  const wait = (remaining: number): void => {
    // Node cuts off fractions: it would wake too early nearly always, and once more a millisecond later.
    timeout = setTimeout(wake, Math.min(Math.ceil(remaining), longestTimeoutMs));
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
