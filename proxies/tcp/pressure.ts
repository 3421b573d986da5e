/** Back-pressure: how much of what a source sends a link may hold, and when the source has to wait. */
import type { Budget } from "./budget.ts";
import type { Stage } from "./stage.ts";

/** Per direction of a connection, besides what is under way; a sender that is further ahead is paused. */
const maximumHeld = 1024 * 1024;

export interface PressureOptions {
  readonly source: { pause(): void; resume(): void };
  readonly budget: Budget;
  /** There is room again in the budget. */
  readonly onRoom: () => void;
}

export interface Pressure {
  hold(cost: number): void;
  release(cost: number): void;
  releaseAll(): void;
  /** These faults act from now on. */
  adapt(stages: readonly Stage[]): void;
  /** Has the source wait, or go on. `full`: the sink takes no more; `queue`: when what is held came, the oldest first. */
  regulate(full: boolean, queue: readonly { readonly due: number }[], now: number): void;
}

export function createPressure({ source, budget, onRoom }: PressureOptions): Pressure {
  let held = 0;
  let paused = false;
  let reach: Reach | undefined;

  /** More is due than may wait for the receiver; items are about of one size. */
  function isLate(queue: readonly { readonly due: number }[], now: number): boolean {
    if (reach === undefined) return true;
    if (held <= maximumHeld) return false;
    const behind = queue[Math.floor((queue.length * maximumHeld) / held)];
    return behind !== undefined && behind.due + reach.flight < now;
  }

  function release(cost: number): void {
    held -= cost;
    budget.give(cost);
  }

  return {
    hold(cost) {
      held += cost;
      budget.take(cost);
    },
    release,
    releaseAll: () => release(held),
    adapt(stages) {
      reach = reachOf(stages);
    },
    regulate(full, queue, now) {
      const limit = budget.isSpent() || reach === undefined ? maximumHeld : reach.bytes;
      const wait = held > limit || (full && isLate(queue, now));
      if (!paused && wait) {
        paused = true;
        source.pause();
      } else if (paused && !wait && held <= limit / 2) {
        paused = false;
        source.resume();
      }
      if (paused && budget.isSpent()) budget.whenRoom(onRoom);
    },
  };
}

/** How long bytes are under way, as faults have it, and how many may be held: the bandwidth times the delay, and what may wait besides. */
interface Reach {
  readonly flight: number;
  readonly bytes: number;
}

/** Undefined if there is no fault. */
function reachOf(stages: readonly Stage[]): Reach | undefined {
  if (stages.length === 0) return undefined;
  const paces = stages.flatMap(({ fault, parameters, lifted }) =>
    lifted === undefined ? [fault.pace?.(parameters as Record<string, unknown>) ?? {}] : [],
  );
  const flight = paces.reduce((sum, pace) => sum + (pace.flight ?? 0), 0);
  const rate = Math.min(...paces.map((pace) => pace.rate ?? Infinity));
  return { flight, bytes: flight === 0 ? maximumHeld : maximumHeld + (flight / 1000) * rate };
}
