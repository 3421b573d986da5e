/**
 * What is true of the run now: feeds the monitor with every event and with the passing of time, and lets the timeline wait for conditions.
 */
import type { Clock } from "../../host/host.ts";
import type { History } from "../history/history.ts";
import type { Monitor, Watch } from "../judge/monitor.ts";

/** Ages grow between events; a condition on one is noticed this late at the most. */
const tickMs = 25;
/** A tick that comes this late shows that the harness itself stood still: what it saw meanwhile is no evidence. */
const stallMs = 500;

export interface Live extends Disposable {
  readonly isSteady: () => boolean;
  readonly watch: (expression: string) => Watch;
  /** Resolves as soon as the condition holds; it is asked after every event and every tick. Rejects with the signal's reason. */
  until(condition: () => boolean, waiting: { readonly signal: AbortSignal }): Promise<void>;
}

export function createLive({
  clock,
  history,
  monitor,
}: {
  readonly clock: Clock;
  readonly history: History;
  readonly monitor: Monitor;
}): Live {
  const waiters = new Set<() => void>();
  const askAll = (): void => {
    for (const ask of waiters) ask();
  };

  const subscription = history.subscribe((event) => {
    monitor.apply(event);
    askAll();
  });
  let due = clock.monotonic() + tickMs;
  const tick = (): void => {
    const by = Math.round(clock.monotonic() - due);
    if (by > stallMs) history.record({ event: "run.late", by });
    monitor.advance(history.now());
    askAll();
    due = clock.monotonic() + tickMs;
    timer = clock.timer(tickMs, tick);
  };
  let timer = clock.timer(tickMs, tick);

  return {
    isSteady: () => monitor.isSteady(),
    watch: (expression) => monitor.watch(expression),
    until(condition, { signal }) {
      return new Promise((resolve, reject) => {
        const settle = (done: () => void): void => {
          waiters.delete(ask);
          signal.removeEventListener("abort", abort);
          done();
        };
        const abort = (): void => settle(() => reject(signal.reason));
        const ask = (): void => {
          if (condition()) settle(resolve);
        };
        if (signal.aborted) {
          abort();
          return;
        }
        signal.addEventListener("abort", abort);
        waiters.add(ask);
        ask();
      });
    },
    [Symbol.dispose]() {
      subscription[Symbol.dispose]();
      timer[Symbol.dispose]();
    },
  };
}
