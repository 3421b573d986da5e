/**
 * Virtual time: a queue of moments, and a loop that goes from one to the next as soon as nothing is left to do at the present one.
 *
 *     moment ──► callback ──► microtasks, ticks and immediates settle ──► next callback, of this moment or a later one
 *
 * It is the only thing that makes a simulation go on. Moments are true time: milliseconds since the simulation began. What a host shows as its
 * time is made from it (clock.ts). Callbacks of one moment run in the order in which they were asked for, and each in a turn of its own, as from
 * Node's loop: a program that awaits what one of them brought is there before the next one comes.
 */
import { runningParty } from "./context.ts";
import { forbid } from "./forbidden.ts";

export interface VirtualTime {
  now(): number;
  /** Calls back at a moment (now, if that is past), once; disposing cancels. `Infinity` never comes. */
  at(moment: number, callback: () => void): Disposable;
  /**
   * Starts the work, and lets time pass until it is done. One at a time. With `idle`, time waits when no moment is left: for work that is not of
   * this world, such as a test's.
   *
   * @throws what the work throws, what a callback throws, and `StandstillError` if the work waits and there is nothing to wait for, or if time does not
   * pass for a million callbacks.
   */
  pass<Result>(work: () => Promise<Result>, options?: { readonly idle?: boolean }): Promise<Result>;
  /** Ends `pass` with an error: something has happened that nobody has caught. */
  fail(error: unknown): void;
}

/** Time can't go on: whoever still waits has been forgotten, or somebody keeps asking for the present moment. */
export class StandstillError extends Error {}

/** Thousands of programs that all do something large at one moment need less, and nobody waits longer than seconds for it. */
const mostTurns = 1_000_000;
/** Who asks again during the last of them is who never stops. */
const lastTurns = 1000;

interface Entry {
  readonly moment: number;
  readonly order: number;
  callback: (() => void) | undefined;
}

export function createVirtualTime(): VirtualTime {
  const queue: Entry[] = [];
  let now = 0;
  let orders = 0;
  let cancelled = 0;
  let failure: { readonly error: unknown } | undefined;
  /** Callbacks since time has moved. */
  let turns = 0;
  const restless = new Set<string>();
  /** Resolves when somebody asks for a moment again. */
  let asked: PromiseWithResolvers<void> | undefined;

  /** Those that were cancelled are only skipped when their moment comes; too many of them are swept out. */
  const sweep = (): void => {
    if (cancelled < 1000 || cancelled < queue.length / 2) return;
    const kept = queue.filter(({ callback }) => callback !== undefined).sort(compare);
    queue.length = 0;
    queue.push(...kept);
    cancelled = 0;
  };

  const runNext = (): boolean => {
    while (queue.length > 0) {
      const entry = take(queue);
      const { moment, callback } = entry;
      if (callback === undefined) {
        cancelled -= 1;
        continue;
      }
      entry.callback = undefined;
      if (moment > now) {
        now = moment;
        turns = 0;
        restless.clear();
      }
      turns += 1;
      if (turns > mostTurns) throw endless();
      callback();
      return true;
    }
    return false;
  };

  const endless = (): Error => {
    const who = restless.size === 0 ? "somebody" : [...restless].sort().join(", ");
    return new StandstillError(
      `time stands still ${(now / 1000).toFixed(3)} s into the run: ${who} went on for ${mostTurns} callbacks without letting any pass; look for two that wake each other, or one that wakes itself`,
    );
  };

  return {
    now: () => now,
    at(moment, callback) {
      if (moment === Infinity) return { [Symbol.dispose]: nothing };
      if (turns > mostTurns - lastTurns) restless.add(runningParty()?.name ?? "the world");
      const entry: Entry = { moment: Math.max(now, rounded(moment)), order: orders++, callback };
      put(queue, entry);
      asked?.resolve();
      return {
        [Symbol.dispose]() {
          if (entry.callback === undefined) return;
          entry.callback = undefined;
          cancelled += 1;
          sweep();
        },
      };
    },
    fail(error) {
      failure ??= { error };
      asked?.resolve();
    },
    async pass<Result>(work: () => Promise<Result>, { idle = false } = {}) {
      using _ = forbid();
      const passing = new Promise<Result>((resolve, reject) => {
        let done = false;
        const settle = (end: () => void): void => {
          done = true;
          end();
        };
        const turn = (): void => {
          if (done) return;
          try {
            if (failure !== undefined) throw failure.error;
            if (!runNext()) {
              if (!idle) throw new StandstillError("everybody waits, and no moment is left to wait for");
              asked = Promise.withResolvers();
              void asked.promise.then(() => setImmediate(turn));
              return;
            }
          } catch (error) {
            settle(() => reject(error));
            return;
          }
          setImmediate(turn);
        };
        setImmediate(turn);
        work().then(
          (result) => settle(() => resolve(result)),
          (error: unknown) => settle(() => reject(error)),
        );
      });
      try {
        return await passing;
      } finally {
        // Whose rejection nobody handles is known at the end of the turn.
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
    },
  };
}

function nothing(): void {}

/** 2^-10 ms, about a microsecond: sums of its multiples are exact, so that no sleep is shorter than it should be by a rounding. */
export const momentMs = 1 / 1024;

function rounded(moment: number): number {
  return Math.ceil(moment / momentMs) * momentMs;
}

function compare(one: Entry, other: Entry): number {
  return one.moment - other.moment || one.order - other.order;
}

/** A binary heap: the earliest first. */
function put(heap: Entry[], entry: Entry): void {
  let index = heap.push(entry) - 1;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    const above = heap[parent];
    if (above === undefined || compare(above, entry) <= 0) break;
    heap[index] = above;
    index = parent;
  }
  heap[index] = entry;
}

function take(heap: Entry[]): Entry {
  const [first] = heap;
  const last = heap.pop();
  if (first === undefined || last === undefined) throw new RangeError("the queue is empty");
  if (heap.length === 0) return first;
  let index = 0;
  for (;;) {
    let child = 2 * index + 1;
    const left = heap[child];
    const right = heap[child + 1];
    if (left === undefined) break;
    if (right !== undefined && compare(right, left) < 0) child += 1;
    const smaller = heap[child];
    if (smaller === undefined || compare(last, smaller) <= 0) break;
    heap[index] = smaller;
    index = child;
  }
  heap[index] = last;
  return first;
}
