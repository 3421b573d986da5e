/**
 * What is true of the run now: feeds the monitor with every event, and at the moments when time alone can change what somebody waits for, and lets the
 * timeline wait for conditions.
 */
import type { Clock } from "../../host/host.ts";
import type { History } from "../history/history.ts";
import type { Monitor } from "../judge/monitor.ts";
import type { Watch } from "../judge/watch.ts";

const heartbeatMs = 25;
/** A heartbeat that comes this late shows that the harness itself stood still: what it saw meanwhile is no evidence. */
const stallMs = 500;

export interface Live extends Disposable {
  readonly isSteady: () => boolean;
  /** To be disposed of when nobody waits for it any more. */
  readonly watch: (expression: string) => Watch;
  /**
   * Resolves as soon as the condition, made of watches and of being steady, holds; it is asked whenever these can have changed. Rejects with the
   * signal's reason.
   */
  until(condition: () => boolean, waiting: { readonly signal: AbortSignal }): Promise<void>;
}

export function createLive({
  clock,
  history,
  monitor,
  realTime = true,
  scale = 1,
}: {
  readonly clock: Clock;
  readonly history: History;
  readonly monitor: Monitor;
  /** The harness can be late: then it says so. Virtual time waits for it. */
  readonly realTime?: boolean;
  /** So many milliseconds of the clock pass in one of the machine's. */
  readonly scale?: number;
}): Live {
  const waiters = new Set<() => void>();
  const owned = new DisposableStack();
  /** When the alarm is set for, in the time of the history. */
  let due = Infinity;
  let alarm: Disposable | undefined;

  const askAll = (): void => {
    for (const ask of waiters) ask();
    setAlarm();
  };
  /** An alarm that comes too early costs less than one that is moved with every event. */
  const setAlarm = (): void => {
    const next = monitor.next();
    if (next >= due) return;
    alarm?.[Symbol.dispose]();
    due = next;
    alarm = clock.timer(Math.max(0, next - history.now()), () => {
      due = Infinity;
      monitor.advance(history.now());
      askAll();
    });
  };
  const catchUp = (): void => monitor.advance(history.now());

  owned.use(
    history.subscribe((event) => {
      monitor.apply(event);
      askAll();
    }),
  );
  owned.defer(() => alarm?.[Symbol.dispose]());
  if (realTime) owned.use(watchForStalls(clock, scale, (by) => history.record({ event: "run.late", by })));

  return {
    isSteady() {
      catchUp();
      return monitor.isSteady();
    },
    watch(expression) {
      catchUp();
      const watch = monitor.watch(expression);
      setAlarm();
      return watch;
    },
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
        setAlarm();
      });
    },
    [Symbol.dispose]: () => owned.dispose(),
  };
}

function watchForStalls(clock: Clock, scale: number, onStall: (by: number) => void): Disposable {
  const pause = heartbeatMs * scale;
  let due = clock.monotonic() + pause;
  const beat = (): void => {
    const by = Math.round(clock.monotonic() - due);
    if (by > stallMs * scale) onStall(by);
    due = clock.monotonic() + pause;
    timer = clock.timer(pause, beat);
  };
  let timer = clock.timer(pause, beat);
  return { [Symbol.dispose]: () => timer[Symbol.dispose]() };
}
