/** What is kept back, and by whose doing: lifting a fault takes back the time that it has added. */
import type { Clock } from "../host/host.ts";

/** How much later, and by whose doing. */
export type Delay = ReadonlyMap<object, number>;

export const nothingAdded: Delay = new Map();

export interface Delays extends Disposable {
  /** Calls back when it is due, at once if nothing is added. False if there is no room for one more. */
  hold(delay: Delay, go: () => void): boolean;
  lift(owner: object): void;
}

interface Held {
  readonly since: number;
  readonly go: () => void;
  delay: Delay;
  timer: Disposable;
}

/** Enough for thousands of clients; more is a fault that forgets to let go. */
const mostHeld = 10_000;
/** The longest that a timer of Node takes. */
const longestTimerMs = 2 ** 31 - 1;

export function createDelays(clock: Clock): Delays {
  const all = new Set<Held>();

  function arm(held: Held): Disposable {
    const added = [...held.delay.values()].reduce((sum, each) => sum + each, 0);
    const left = Math.max(0, held.since + added - clock.monotonic());
    const then = (): void => {
      if (left > longestTimerMs) held.timer = arm(held);
      else if (all.delete(held)) held.go();
    };
    return clock.timer(Math.min(left, longestTimerMs), then, { exact: true });
  }

  return {
    hold(delay, go) {
      if (delay.size === 0) {
        go();
        return true;
      }
      if (all.size >= mostHeld) return false;
      const held: Held = { since: clock.monotonic(), go, delay, timer: nothing };
      all.add(held);
      held.timer = arm(held);
      return true;
    },
    lift(owner) {
      for (const held of all) {
        if (!held.delay.has(owner)) continue;
        held.delay = new Map([...held.delay].filter(([by]) => by !== owner));
        held.timer[Symbol.dispose]();
        held.timer = arm(held);
      }
    },
    [Symbol.dispose]() {
      for (const { timer } of all) timer[Symbol.dispose]();
      all.clear();
    },
  };
}

const nothing: Disposable = { [Symbol.dispose]() {} };
