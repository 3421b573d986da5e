/** A machine's clocks that only a test moves: time passes, the wall clock is stepped, and the machine is started anew. */
import type { Clock } from "../../host/host.ts";

export interface TestClock extends Clock {
  /** Time passes; timers are called at their times, in order. */
  pass(milliseconds: number): void;
  /** Time passes, and nobody is called: the process stands still. When that is over, all that is due is called at once. */
  freeze(milliseconds: number): void;
  step(milliseconds: number): void;
  reboot(): void;
}

interface Timer {
  readonly due: number;
  readonly callback: () => void;
}

const began = Date.UTC(2026, 0, 1);

export function createTestClock(): TestClock {
  const timers = new Set<Timer>();
  let monotonic = 5_000_000;
  let offset = began - monotonic;
  let boots = 1;
  const next = (end: number): Timer | undefined =>
    [...timers].filter(({ due }) => due <= end).sort((one, other) => one.due - other.due)[0];
  const fire = (end: number, advance: boolean): void => {
    for (let timer = next(end); timer !== undefined; timer = next(end)) {
      timers.delete(timer);
      if (advance) monotonic = Math.max(monotonic, timer.due);
      timer.callback();
    }
  };
  return {
    wall: () => monotonic + offset,
    monotonic: () => monotonic,
    get boot() {
      return `boot-${boots}`;
    },
    sleep: () => Promise.reject(new Error("nobody sleeps here")),
    timer(milliseconds, callback) {
      const timer = { due: monotonic + milliseconds, callback };
      timers.add(timer);
      return { [Symbol.dispose]: () => void timers.delete(timer) };
    },
    pass(milliseconds) {
      const end = monotonic + milliseconds;
      fire(end, true);
      monotonic = end;
    },
    freeze(milliseconds) {
      monotonic += milliseconds;
      fire(monotonic, false);
    },
    step: (milliseconds) => void (offset += milliseconds),
    reboot() {
      offset += monotonic;
      monotonic = 0;
      boots += 1;
      timers.clear();
    },
  };
}
