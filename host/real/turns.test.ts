import { expect, test } from "vitest";
import { createTurns } from "./turns.ts";

test("what is read in one turn has an end, and those that were stopped go on one a turn, in their order", () => {
  let ends: (() => void)[] = [];
  const turns = createTurns({ bytes: 100, next: (end) => void ends.push(end) });
  const endTurn = (): void => {
    const [end, ...others] = ends;
    expect(others).toEqual([]);
    ends = [];
    end?.();
  };
  const log: string[] = [];
  const goOn = { a: () => void log.push("a"), b: () => void log.push("b"), c: () => void log.push("c") };
  const read = (name: "a" | "b" | "c", bytes = 50): boolean => turns.read(bytes, goOn[name]);

  expect([read("a"), read("a"), read("b"), read("c")]).toEqual([true, false, false, false]);
  endTurn();
  expect(log).toEqual(["a"]);
  expect([read("a"), read("a")]).toEqual([true, false]);
  endTurn();
  endTurn();
  endTurn();
  expect(log).toEqual(["a", "b", "c", "a"]);
  endTurn();
  expect([log.length, ends]).toEqual([4, []]);
});
