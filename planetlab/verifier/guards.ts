/** The guards of the verifier, as those of the Node Manager: `--without NAME` deletes a check. */
import { guardsOf, type GuardsOf } from "../guards.ts";

/** Name and meaning; `subject.yaml` repeats them for plans, and a test compares the two. */
export const guardMeanings = {
  "same-serial":
    "What a node has is compared with what PLC wants only once the node has read what PLC published last: before that it is late, and not wrong (I10).",
} as const;

export type Guard = keyof typeof guardMeanings;
export type Guards = GuardsOf<Guard>;

/** @throws {ArgumentError} if a name is no guard's. */
export const createGuards = (without: readonly string[]): Guards => guardsOf(guardMeanings, without);
