/**
 * Logical questions: what a client wants to know, however often it has to ask. A client that has had no answer, or none that it could use, asks again, from
 * another port, with another id, or over TCP; that is the same question, until a resolver would have given it up. A client that was answered and asks again
 * has another one.
 */
import type { Clock } from "../../host/host.ts";
import { createRecent } from "./recent.ts";

export interface Logical {
  readonly known: Known;
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
  /** When the last reply to one of these went out, on the monotonic clock. */
  repliedAt(key: string): number;
  /** One has gone out, whether anybody had asked or not. */
  replied(to: Logical | string): void;
}

/** Of all questions of one key: client, name, type and class. */
interface Known {
  readonly key: string;
  /** How many of them each injection has met, those that are over aside. */
  met: readonly { readonly injection: number; questions: number }[];
  logical: Logical | undefined;
  id: number;
  /** When it was asked first: what is asked again and again for ever is many questions. */
  begunAt: number;
  answered: Answered;
  repliedAt: number;
}

/** Since the question was asked first. Above glibc's and Go's two tries and dig's three, of 5 s each, that begin within 10 s. */
const patienceMs = 15_000;
/** Of who asks again with the same id, which the next question hardly has: c-ares waits for 5 s and then for twice as long each time, and its fourth try is at 35 s. */
const longerPatienceMs = 45_000;
const mostKnown = 10_000;

export function createQuestions(clock: Clock): Questions {
  const all = createRecent<Known>(mostKnown);

  function isAskedAgain({ id, begunAt, answered }: Known, newId: number): boolean {
    if (answered === "well" || (answered === "badly" && id !== newId)) return false;
    const patience = answered === undefined && id === newId ? longerPatienceMs : patienceMs;
    return clock.monotonic() - begunAt <= patience;
  }

  return {
    ask(key, id) {
      const known = all.of(key, () => unasked(key));
      const before = isAskedAgain(known, id) ? known.logical : undefined;
      const logical = before ?? { known, attempts: 0, ordinals: [] };
      if (before === undefined) known.begunAt = clock.monotonic();
      known.logical = logical;
      known.id = id;
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
      const known = typeof to === "string" ? all.of(to, () => unasked(to)) : to.known;
      known.repliedAt = clock.monotonic();
    },
  };
}

function unasked(key: string): Known {
  return { key, met: [], logical: undefined, id: 0, begunAt: 0, answered: undefined, repliedAt: -Infinity };
}
