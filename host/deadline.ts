/** A limit on waiting, on the host's clock. */
import type { Clock, Waiting } from "./host.ts";

export interface Deadline extends Disposable {
  /** Aborts when the time is over, with a `DeadlineError`, or when the signal that was passed in does, with that signal's reason. */
  readonly signal: AbortSignal;
}

/** The time that was given to something is over. */
export class DeadlineError extends Error {
  readonly code = "ETIMEDOUT";

  constructor(milliseconds: number) {
    super(`not done within ${milliseconds} ms`);
  }
}

/** Disposing calls the timer off; the signal then never aborts by itself. */
export function createDeadline(clock: Clock, milliseconds: number, { signal }: Waiting = {}): Deadline {
  const over = new AbortController();
  const timer = clock.timer(milliseconds, () => over.abort(new DeadlineError(milliseconds)));
  return {
    signal: signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]),
    [Symbol.dispose]: () => timer[Symbol.dispose](),
  };
}
