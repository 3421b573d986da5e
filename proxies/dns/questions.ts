/**
 * Logical questions: what a client wants to know, however often it has to ask. A client that has had no answer, or none that it could use, asks again, from
 * another port, with another id, or over TCP; that is the same question, until a resolver would have given it up. A client that was answered and asks again
 * has another one.
 */
import type { Clock } from "../../host/host.ts";
import { createRecent } from "./recent.ts";
import type { Peeked } from "./wire/decode.ts";

/** `well`: with something that a client believes. `badly`: with something that it may take for an answer, and then asks again in the same words. */
export type Answered = "well" | "badly" | undefined;

/**
 * What one client asks of one name by one type: its questions, one after the other. They are counted here, and have no objects of their own: ten thousand
 * that outlive their messages are what the collector of garbage goes through.
 */
export interface Series {
  readonly type: string;
  /** Which question it is at, counted from 1. */
  number: number;
  /** How often that one was asked until now. */
  attempts: number;
  id: number;
  /** When it was asked first: what is asked again and again for ever is many questions. */
  begunAt: number;
  answered: Answered;
  /** Of all queries and replies, which one the last reply to one of them was; 0: there was none. */
  replied: number;
  /** What each injection has met of them, those that are over aside: whoever counts keeps it here. */
  met: readonly Met[];
}

export interface Met {
  readonly injection: number;
  questions: number;
  /** Of the last few of them, each in the place of which one it is to the injection, counted around. */
  readonly numbers: number[];
}

type Asked = Pick<Peeked, "name" | "type" | "class">;

export interface Questions {
  ask(client: string, asked: Asked & Pick<Peeked, "id">): Series;
  /** The question of that number. */
  answered(series: Series, number: number, how: Answered): void;
  /** Also of a type that it has not asked for yet; undefined if this client has never asked for this name by any. */
  ofKnownName(client: string, asked: Asked): Series | undefined;
}

/** Since the question was asked first. Above glibc's and Go's two tries and dig's three, of 5 s each, that begin within 10 s. */
const patienceMs = 15_000;
/** Of who asks again with the same id, which the next question hardly has: c-ares waits for 5 s and then for twice as long each time, and its fourth try is at 35 s. */
const longerPatienceMs = 45_000;
const mostNames = 10_000;
/** Of one name: nearly as many as there are, which only who looks for trouble asks for. What was asked for first is forgotten first. */
const mostTypes = 64;

export function createQuestions(clock: Clock): Questions {
  /** By client, name and class: of each, by type. */
  const names = createRecent<Series[]>(mostNames);

  function isAskedAgain({ id, begunAt, answered }: Series, newId: number): boolean {
    if (answered === "well" || (answered === "badly" && id !== newId)) return false;
    const patience = answered === undefined && id === newId ? longerPatienceMs : patienceMs;
    return clock.monotonic() - begunAt <= patience;
  }

  return {
    ask(client, asked) {
      const series = ofType(names.of(keyOf(client, asked), none), asked.type);
      if (!isAskedAgain(series, asked.id)) {
        series.number += 1;
        series.attempts = 0;
        series.begunAt = clock.monotonic();
      }
      series.id = asked.id;
      series.answered = undefined;
      series.attempts += 1;
      return series;
    },
    answered(series, number, how) {
      // What is late for an older one says nothing about this one.
      if (series.number !== number || series.answered === "well" || how === undefined) return;
      series.answered = how;
    },
    ofKnownName(client, asked) {
      const all = names.get(keyOf(client, asked));
      return all === undefined ? undefined : ofType(all, asked.type);
    },
  };
}

function keyOf(client: string, { name, class: of }: Asked): string {
  return `${client} ${of} ${name.toLowerCase()}`;
}

function none(): Series[] {
  return [];
}

function ofType(all: Series[], type: string): Series {
  const known = all.find((each) => each.type === type);
  if (known !== undefined) return known;
  const series: Series = {
    type,
    number: 0,
    attempts: 0,
    id: 0,
    begunAt: -Infinity,
    answered: undefined,
    replied: 0,
    met: [],
  };
  all.push(series);
  if (all.length > mostTypes) all.shift();
  return series;
}
