/**
 * Logical questions: what a client wants to know, however often it has to ask. A client that has had no answer, or none that it could use, asks again, from
 * another port, with another id, or over TCP; that is the same question. A client that was answered and asks again has another one.
 */
import type { Clock } from "../../host/host.ts";
import { createRecent } from "./recent.ts";

export interface Logical {
  /** Client, name, type and class. */
  readonly key: string;
  /** What is known of all that were called so. */
  readonly known: Known;
  /** How often it was asked until now. */
  attempts: number;
  /** Which one it is to each injection that it meets, by the injection's number: whoever counts keeps it here. */
  ordinals: readonly { readonly injection: number; readonly ordinal: number }[];
}

/** `well`: with something that a client believes. `badly`: with something that it may take for an answer, and then asks again in the same words. */
export type Answered = "well" | "badly" | undefined;

export interface Questions {
  ask(key: string, id: number): Logical;
  answered(logical: Logical, how: Answered): void;
  /** When the last reply to one of these went out, on the monotonic clock. */
  repliedAt(key: string): number;
  /** One has gone out, whether anybody had asked or not. */
  replied(to: Logical | string): void;
}

interface Known {
  logical: Logical | undefined;
  id: number;
  askedAt: number;
  answered: Answered;
  repliedAt: number;
}

/** Above what resolvers wait for an answer: glibc, c-ares and dig 5 s, and twice as long in the second round. */
const patienceMs = 15_000;
const mostKnown = 10_000;

export function createQuestions(clock: Clock): Questions {
  const all = createRecent<Known>(mostKnown);

  function isAskedAgain({ id, askedAt, answered }: Known, newId: number): boolean {
    if (clock.monotonic() - askedAt > patienceMs) return false;
    return answered === undefined || (answered === "badly" && id === newId);
  }

  return {
    ask(key, id) {
      const known = all.of(key, unasked);
      const before = isAskedAgain(known, id) ? known.logical : undefined;
      const logical = before ?? { key, known, attempts: 0, ordinals: [] };
      known.logical = logical;
      known.id = id;
      known.askedAt = clock.monotonic();
      known.answered = undefined;
      logical.attempts += 1;
      return logical;
    },
    answered(logical, how) {
      const { known } = logical;
      // What is late for an older one says nothing about this one.
      if (known.logical !== logical || known.answered === "well" || how === undefined) return;
      known.answered = how;
    },
    repliedAt: (key) => all.get(key)?.repliedAt ?? -Infinity,
    replied(to) {
      const known = typeof to === "string" ? all.of(to, unasked) : to.known;
      known.repliedAt = clock.monotonic();
    },
  };
}

function unasked(): Known {
  return { logical: undefined, id: 0, askedAt: 0, answered: undefined, repliedAt: -Infinity };
}
