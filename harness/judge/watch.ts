/** What a watch makes of an expression, look after look: whether it holds, and how often it has begun to. */
import type { Expression } from "../expression/expression.ts";

export interface Watch extends Disposable {
  /** It holds now; of an event: it has happened since the watch was set. What is not known does not hold. */
  readonly value: boolean;
  /** How often it has begun to hold, or has happened, since the watch was set. */
  readonly rises: number;
}

export interface Watching {
  /** What the expression is now; the first time, when the watch is set. */
  see(value: unknown): void;
  value(): boolean;
  rises(): number;
}

export function createWatching({ type }: Expression): Watching {
  return type === "event" ? watchingOccurrences() : watchingCondition();
}

function watchingOccurrences(): Watching {
  let first: number | undefined;
  let count = 0;
  const rises = (): number => count - (first ?? 0);
  return {
    see(value) {
      count = (value as { readonly count: number } | undefined)?.count ?? 0;
      first ??= count;
    },
    value: () => rises() > 0,
    rises,
  };
}

function watchingCondition(): Watching {
  let holds: boolean | undefined;
  let rises = 0;
  return {
    see(value) {
      if (value === true && holds === false) rises += 1;
      holds = value === true;
    },
    value: () => holds === true,
    rises: () => rises,
  };
}

/** An edge is there already when it is watched. */
export function watchCount(count: () => number): Watch {
  return {
    get value() {
      return count() > 0;
    },
    get rises() {
      return count();
    },
    [Symbol.dispose]() {},
  };
}
