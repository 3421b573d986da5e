/**
 * What a source has sent and the sink has not got, in its order, and what that costs; back-pressure: how much of it a link may hold, and when the source
 * has to wait.
 */
import type { TcpItem } from "../../faults/tcp/contract.ts";
import { cutAt, piecesOf } from "../../faults/tcp/cut.ts";
import type { Budget } from "./budget.ts";
import type { Stage } from "./stage.ts";

/** Per direction of a connection, besides what is under way; a sender that is further ahead is paused. */
const maximumHeld = 1024 * 1024;
/** An item costs more than its bytes. */
const costOfItem = 256;
export const largestItem = 128 * 1024;

export interface BacklogOptions {
  readonly source: { pause(): void; resume(): void };
  readonly budget: Budget;
  /** There is room again in the budget. */
  readonly onRoom: () => void;
}

export interface Backlog {
  isEmpty(): boolean;
  /** Behind all others. */
  put(item: TcpItem): void;
  /** The first of them, or so many of its bytes. It is held until it is released, or put back. */
  take(mostBytes: number): TcpItem | undefined;
  putBack(item: TcpItem): void;
  release(item: TcpItem): void;
  /** All of them, and what was taken. */
  releaseAll(): void;
  /** These faults act from now on. */
  adapt(stages: readonly Stage[]): void;
  /** Has the source wait, or go on. `full`: the sink takes no more. */
  regulate(full: boolean, now: number): void;
}

export function createBacklog({ source, budget, onRoom }: BacklogOptions): Backlog {
  const queue: TcpItem[] = [];
  let held = 0;
  let paused = false;
  let reach: Reach | undefined;

  /** More is due than may wait for the receiver; items are about of one size. */
  function isLate(now: number): boolean {
    if (reach === undefined) return true;
    if (held <= maximumHeld) return false;
    const behind = queue[Math.floor((queue.length * maximumHeld) / held)];
    return behind !== undefined && behind.due + reach.flight < now;
  }

  function hold(cost: number): void {
    held += cost;
    budget.take(cost);
  }

  function release(cost: number): void {
    held -= cost;
    budget.give(cost);
  }

  return {
    isEmpty: () => queue.length === 0,
    put(item) {
      for (const piece of item.type === "data" ? piecesOf(item, largestItem) : [item]) {
        queue.push(piece);
        hold(costOf(piece));
      }
    },
    take(mostBytes) {
      const item = queue.shift();
      if (item?.type !== "data" || item.bytes.length <= mostBytes) return item;
      const [first, rest] = cutAt(item, item.offset + mostBytes);
      queue.unshift(rest);
      hold(costOfItem);
      return first;
    },
    putBack: (item) => void queue.unshift(item),
    release: (item) => release(costOf(item)),
    releaseAll() {
      queue.length = 0;
      release(held);
    },
    adapt(stages) {
      reach = reachOf(stages);
    },
    regulate(full, now) {
      const limit = budget.isSpent() || reach === undefined ? maximumHeld : reach.bytes;
      const wait = held > limit || (full && isLate(now));
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

function costOf(item: TcpItem): number {
  return costOfItem + (item.type === "data" ? item.bytes.length : 0);
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
