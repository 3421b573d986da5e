import { assert, constantFrom, integer, array, property, record } from "fast-check";
import { describe, expect, test } from "vitest";
import type { HistoryEvent } from "../history/event.ts";
import { fidelityOf, firstDifference, renderDifference } from "./compare.ts";

const begin: HistoryEvent = { at: 0, event: "phase.begin", phase: "storm" };
const hit = (at: number, occurrence = 0, connection = 1): HistoryEvent => ({
  at,
  event: "fault.hit",
  step: "cut",
  occurrence,
  where: "fetch",
  detail: { connection },
});
const inject = (at: number, parameters: Readonly<Record<string, unknown>> = {}): HistoryEvent => ({
  at,
  event: "fault.inject",
  step: "cut",
  occurrence: 0,
  kind: "tcp.reset",
  where: ["fetch"],
  parameters: { ...parameters },
  late: 0,
});

describe("the first event that differs", () => {
  test("is none of two that are the same", () => {
    expect(firstDifference([begin, hit(1)], [begin, hit(1)])).toBeUndefined();
  });

  test("is found with its line and both of its versions", () => {
    const difference = firstDifference([begin, hit(1500), hit(9)], [begin, begin]);
    expect(difference).toEqual({ line: 2, one: hit(1500), other: begin });
    expect(difference === undefined ? [] : renderDifference(difference)).toEqual([
      "the first event that differs is number 2:",
      "  before  1.50s  fault cut hits fetch connection=1",
      "  now     0.00s  phase storm begins",
    ]);
  });

  test("may be the end of one of them", () => {
    const difference = firstDifference([begin], [begin, begin]);
    expect(difference === undefined ? [] : renderDifference(difference, ["first", "second"])).toEqual([
      "the first event that differs is number 2:",
      "  first   the history is over",
      "  second  0.00s  phase storm begins",
    ]);
  });

  test("is shown whole where its words are the same", () => {
    const difference = firstDifference([hit(1)], [hit(1.1)]);
    expect(difference === undefined ? [] : renderDifference(difference)[1]).toBe(`  before  ${JSON.stringify(hit(1))}`);
  });
});

describe("fidelity", () => {
  test("asks what was decided, not when", () => {
    expect(fidelityOf([begin, inject(1), hit(2)], [inject(5), begin, hit(7)])).toEqual({ matched: 2, of: 2, added: 0 });
  });

  test("parameters, occurrences and details count", () => {
    const one = [inject(1, { after: "1s" }), hit(2), hit(3, 1), hit(4, 0, 2)];
    const other = [inject(1, { after: "2s" }), hit(2), hit(3, 2), hit(4, 0, 3)];
    expect(fidelityOf(one, other)).toEqual({ matched: 1, of: 4, added: 3 });
  });

  test("two alike are two, whatever their order", () => {
    const hits = array(record({ occurrence: integer({ min: 0, max: 2 }), connection: constantFrom(1, 2) }));
    assert(
      property(hits, hits, (one, more) => {
        const first = one.map(({ occurrence, connection }) => hit(1, occurrence, connection));
        const second = [
          ...more.map(({ occurrence, connection }) => hit(2, occurrence, connection)),
          ...first.toReversed(),
        ];
        expect(fidelityOf(first, second)).toEqual({ matched: first.length, of: first.length, added: more.length });
      }),
    );
  });
});
