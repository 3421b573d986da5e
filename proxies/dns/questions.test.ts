/** Which queries are one question, by a clock that the test moves. */
import { expect, test } from "vitest";
import { createManualClock } from "../tcp/link.testing.ts";
import { createQuestions, type Answered, type Series } from "./questions.ts";

interface Ask {
  /** Seconds since the first. */
  readonly at: number;
  readonly id: number;
  readonly answered?: Answered;
}

/** Which question each of them belongs to, from 1, and which try of it each is. */
function askAll(asks: readonly Ask[]): string {
  const clock = createManualClock();
  const questions = createQuestions(clock);
  let now = 0;
  const all = asks.map(({ at, id, answered }) => {
    clock.advance((at - now) * 1000);
    now = at;
    const series = questions.ask("198.18.0.1", { name: "plc.test", type: "A", class: "IN", id });
    const { number, attempts } = series;
    questions.answered(series, number, answered);
    return `${number}.${attempts}`;
  });
  return all.join(" ");
}

/** As often as that, one after the other. */
function poll(every: number, until: number, idOf: (n: number) => number): readonly Ask[] {
  return Array.from({ length: Math.floor(until / every) + 1 }, (_, n) => ({ at: n * every, id: idOf(n) }));
}

test("a daemon that polls, and is never answered, comes to its next question 15 s after it first asked for this one", () => {
  expect(askAll(poll(5, 45, (n) => n))).toBe("1.1 1.2 1.3 1.4 2.1 2.2 2.3 2.4 3.1 3.2");
});

test("also one that always has the same id, though that is taken for a retry for longer", () => {
  expect(askAll(poll(20, 100, () => 7))).toBe("1.1 1.2 1.3 2.1 2.2 2.3");
});

test.each([
  ["dig and glibc, by one id", [0, 5, 10], () => 7],
  ["Go, by another id each time", [0, 5, 10], (n: number) => n],
  ["c-ares, by one id, twice as long each time", [0, 5, 15, 35], () => 7],
])("what %s is one question until it is given up", (_who, times, idOf) => {
  const asks = times.map((at, n) => ({ at, id: idOf(n) }));
  expect(askAll(asks)).toBe(asks.map((_, n) => `1.${n + 1}`).join(" "));
});

test("what is late for an older question says nothing about the one behind it", () => {
  const questions = createQuestions(createManualClock());
  const ask = (id: number): Series => questions.ask("198.18.0.1", { name: "plc.test", type: "A", class: "IN", id });
  const { number: first } = ask(1);
  questions.answered(ask(1), first, "well");
  const { number: second } = ask(2);
  questions.answered(ask(2), first, "well");
  expect([first, second, ask(2).number]).toEqual([1, 2, 2]);
});

test("of a name that somebody has asked for all types are found, and of others none", () => {
  const questions = createQuestions(createManualClock());
  const asked = { name: "plc.test", type: "A", class: "IN" };
  const series = questions.ask("198.18.0.1", { ...asked, id: 1 });
  expect(questions.ofKnownName("198.18.0.1", { ...asked, name: "PLC.test" })).toBe(series);
  expect(questions.ofKnownName("198.18.0.1", { ...asked, type: "AAAA" })).toMatchObject({ type: "AAAA", number: 0 });
  for (const other of [{ name: "other.test" }, { class: "CH" }])
    expect(questions.ofKnownName("198.18.0.1", { ...asked, ...other })).toBeUndefined();
  expect(questions.ofKnownName("198.18.0.2", asked)).toBeUndefined();
});

test("of one name so many types are remembered, and no more", () => {
  const questions = createQuestions(createManualClock());
  const ask = (type: string): Series => questions.ask("198.18.0.1", { name: "plc.test", type, class: "IN", id: 1 });
  const first = ask("TYPE1000");
  for (let n = 1; n < 64; n += 1) ask(`TYPE${1000 + n}`);
  expect(ask("TYPE1000")).toBe(first);
  ask("TYPE1064");
  expect(ask("TYPE1000")).not.toBe(first);
});

test("a question that was answered is over; behind an error only the same id asks it again, and not without end", () => {
  expect(
    askAll([
      { at: 0, id: 1, answered: "well" },
      { at: 1, id: 1, answered: "badly" },
      { at: 2, id: 1, answered: "badly" },
      { at: 3, id: 2, answered: "badly" },
      { at: 13, id: 2, answered: "badly" },
      { at: 23, id: 2, answered: "badly" },
    ]),
  ).toBe("1.1 2.1 2.2 3.1 3.2 4.1");
});
