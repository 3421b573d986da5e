/** The guards of the monitor, as those of the Node Manager: `--without NAME` deletes a check. */
import { guardsOf, type GuardsOf } from "../guards.ts";

/** Name and meaning; `subject.yaml` repeats them for plans, and a test compares the two. */
export const guardMeanings = {
  "ping-liveness":
    "A node is alive if it answers a ping and its loop goes round, and not if the last time in its log is a recent one (I24).",
  "scaled-deadline": "A node that did not answer in time is given longer, and is dead only after several times (I24).",
  "offset-correction":
    "Times of a node's log are corrected by the difference between its clock and the monitor's (I25).",
  "flag-steps": "A time from before a step of the node's clock is flagged: no correction fits it (I25).",
} as const;

export type Guard = keyof typeof guardMeanings;
export type Guards = GuardsOf<Guard>;

/** @throws {ArgumentError} if a name is no guard's. */
export const createGuards = (without: readonly string[]): Guards => guardsOf(guardMeanings, without);
