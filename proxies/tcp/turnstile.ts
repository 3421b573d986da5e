/**
 * A door that is shut for some connects, and open for others. The kernel refuses a connect without telling anybody, so that it has to be shut before the one
 * comes, and who was refused has to say so:
 *
 *     open ──a connection comes──► is it shut for the next one? ◄──somebody was turned away── shut
 *
 * A connect that comes before the door is as it shall be goes the way of the one before it, and does not count.
 */
import type { Bar } from "./door.ts";

export interface Turnstile extends AsyncDisposable {
  /** Resolves when it is as it shall be for the first one. */
  readonly effective: Promise<void>;
  /** A connection was accepted. */
  letIn(): void;
  /** Somebody was refused. */
  turnedAway(): void;
}

export interface TurnstileOptions {
  /** Counted from 1. */
  readonly isShutFor: (ordinal: number) => boolean;
  readonly shut: () => Bar;
}

export function createTurnstile({ isShutFor, shut }: TurnstileOptions): Turnstile {
  let ordinal = 0;
  let bar: Bar | undefined;
  let opening = Promise.resolve();

  function next(): Promise<void> {
    ordinal += 1;
    if (isShutFor(ordinal)) return (bar ??= shut()).effective;
    open();
    return opening;
  }

  function open(): void {
    const barred = bar;
    bar = undefined;
    if (barred === undefined) return;
    opening = opening.then(() => barred[Symbol.asyncDispose]());
    // Whoever lifts it hears of it.
    opening.catch(() => undefined);
  }

  return {
    effective: next(),
    letIn() {
      if (bar === undefined) void next();
    },
    turnedAway() {
      if (bar !== undefined) void next();
    },
    async [Symbol.asyncDispose]() {
      open();
      await opening;
    },
  };
}
