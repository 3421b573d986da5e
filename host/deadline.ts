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

/** Disposing calls it off: the signal then never aborts. `Infinity` is no limit. */
export function createDeadline(clock: Clock, milliseconds: number, { signal }: Waiting = {}): Deadline {
  // Not `AbortSignal.any`: Node keeps what that returns, with all who listen to it, for as long as it has not aborted.
  const over = new AbortController();
  const follow = (): void => over.abort(signal?.reason);
  const end = (): void => over.abort(new DeadlineError(milliseconds));
  const timer = milliseconds === Infinity ? undefined : clock.timer(milliseconds, end);
  if (signal?.aborted === true) follow();
  signal?.addEventListener("abort", follow, { once: true });
  return {
    signal: over.signal,
    [Symbol.dispose]() {
      timer?.[Symbol.dispose]();
      signal?.removeEventListener("abort", follow);
    },
  };
}
