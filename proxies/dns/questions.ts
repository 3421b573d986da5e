/**
 * Logical questions: what a client wants to know, however often it has to ask. A client that has had no answer, or none that it could use, asks again, from
 * another port, with another id, or over TCP; that is the same question. A client that was answered and asks again has another one.
 */
import type { Clock } from "../../host/host.ts";
import { remember } from "./remember.ts";

export interface Logical {
  /** Client, name, type and class. */
  readonly key: string;
  /** How often it was asked until now. */
  attempts: number;
  /** Which one it is to each injection that it meets, by the injection's number: whoever counts keeps it here. */
  readonly ordinals: { readonly injection: number; readonly ordinal: number }[];
}

/** `well`: with something that a client believes. `badly`: with something that it may take for an answer, and then asks again in the same words. */
export type Answered = "well" | "badly" | undefined;

export interface Questions {
  ask(key: string, id: number): Logical;
  answered(logical: Logical, how: Answered): void;
}

interface Known {
  readonly logical: Logical;
  id: number;
  askedAt: number;
  answered: Answered;
}

/** Above what resolvers wait for an answer: glibc, c-ares and dig 5 s, and twice as long in the second round. */
const patienceMs = 15_000;
/** Those that were asked longest ago are forgotten first. */
const mostKnown = 10_000;

export function createQuestions(clock: Clock): Questions {
  const all = new Map<string, Known>();

  function isAskedAgain({ id, askedAt, answered }: Known, newId: number): boolean {
    if (clock.monotonic() - askedAt > patienceMs) return false;
    return answered === undefined || (answered === "badly" && id === newId);
  }

  return {
    ask(key, id) {
      const before = all.get(key);
      const again = before !== undefined && isAskedAgain(before, id);
      const known = again
        ? before
        : { logical: { key, attempts: 0, ordinals: [] }, id, askedAt: 0, answered: undefined };
      known.id = id;
      known.askedAt = clock.monotonic();
      known.answered = undefined;
      known.logical.attempts += 1;
      remember(all, key, known, mostKnown);
      return known.logical;
    },
    answered(logical, how) {
      const known = all.get(logical.key);
      // What is late for an older one says nothing about this one.
      if (known?.logical !== logical || known.answered === "well" || how === undefined) return;
      known.answered = how;
    },
  };
}
