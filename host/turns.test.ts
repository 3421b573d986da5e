import { expect, test } from "vitest";
import { createTurns } from "./turns.ts";
import { createEnds } from "./turns.testing.ts";

test("a turn has an end, and those that found it go on in the next ones, in their order, as far as there is something left", () => {
  const { next, endTurn, wanted } = createEnds();
  const turns = createTurns({ share: 10, next });
  const log: string[] = [];
  const goOn = (name: string, amount: number) => (): void => {
    log.push(name);
    turns.spend(amount);
  };
  const [a, b, c] = [goOn("a", 9), goOn("b", 9), goOn("c", 1)];
  turns.spend(4);
  expect([turns.isLeft(a), wanted()]).toEqual([true, false]);
  turns.spend(8);
  expect([a, b, c, a].map((each) => turns.isLeft(each))).toEqual([false, false, false, false]);
  endTurn();
  expect(log).toEqual(["a", "b"]);
  endTurn();
  expect([log, wanted()]).toEqual([["a", "b", "c"], false]);
});

test("those that go on later in the turn are one a turn", () => {
  const { next, endTurn, wanted } = createEnds();
  const turns = createTurns({ share: 100, next, later: true });
  const log: string[] = [];
  const goOn = { a: () => void log.push("a"), b: () => void log.push("b"), c: () => void log.push("c") };
  const read = (name: keyof typeof goOn): boolean => {
    turns.spend(50);
    return turns.isLeft(goOn[name]);
  };
  expect([read("a"), read("a"), read("b"), read("c")]).toEqual([true, false, false, false]);
  endTurn();
  expect(log).toEqual(["a"]);
  expect([read("a"), read("a")]).toEqual([true, false]);
  endTurn();
  endTurn();
  endTurn();
  expect([log, wanted()]).toEqual([["a", "b", "c", "a"], false]);
});
