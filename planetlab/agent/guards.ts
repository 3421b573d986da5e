/** The guards of the agent, as those of the Node Manager: `--without NAME` deletes a check. */
import { guardsOf, type GuardsOf } from "../guards.ts";

/** Name and meaning; `subject.yaml` repeats them for plans, and a test compares the two. */
export const guardMeanings = {
  "call-deadline": "A call that is not answered within --timeout is given up, whatever has become of it (I1).",
  "retry-unanswered": "A call that was not answered is made again (I6).",
  "same-request-name":
    "An acquire that is made again has the name of the one before, so that it is executed once (I6, I12).",
  "acquire-again": "If a set is gone that it wanted to bind, the agent acquires another at once (I8).",
  "leave-bound-set": "A set that turns out to be bound to another slice is left alone, and not given back (I8).",
} as const;

export type Guard = keyof typeof guardMeanings;
export type Guards = GuardsOf<Guard>;

/** @throws {ArgumentError} if a name is no guard's. */
export const createGuards = (without: readonly string[]): Guards => guardsOf(guardMeanings, without);
