import * as fc from "fast-check";
import { expect, test } from "vitest";
import { runs } from "../../host/night.testing.ts";
import type { HistoryEvent } from "../history/event.ts";
import { compileCondition, createSignals, declareSignals } from "./signals.ts";
import { sketchPlan, story, type Told } from "./judge.testing.ts";
import { createTrace, traceTruth, valueAt, type Position } from "./truth.ts";

const plan = sketchPlan();

function trace(text: string, ...told: readonly Told[]) {
  const expression = compileCondition(text, declareSignals(plan));
  const history = story(...told);
  const truth = traceTruth(plan, history, [expression]).get(expression);
  if (truth === undefined) throw new Error("it was traced");
  return { expression, history, truth };
}

const ping = (at: number): Told => [at, "probe", { name: "node.ping", ok: true, value: 200 }];

test("events that do not concern an expression leave its truth alone, and the place of a moment among them is right", () => {
  const noise = [1.2, 1.4, 1.6, 1.8].map((at): Told => [at, "service.log", { line: "noise" }]);
  const { truth } = trace("node.ping.age < 500ms", ping(1), ...noise, [2, "run.end"]);
  expect(truth.changes.map(({ index, at, value }) => [index, Math.round(at), value])).toEqual([
    [0, 0, true],
    [1, 500, false],
    [2, 1000, true],
    [4, 1500, false],
  ]);
});

const changesOf = (text: string, ...told: readonly Told[]) =>
  trace(text, ...told).truth.changes.map(({ index, at, value }) => [index, at, value]);

test("a limit is reached at its very moment, and passed one moment later", () => {
  const told = [ping(1), [2, "run.end"]] as const;
  expect(changesOf("node.ping.age < 500ms", ...told).at(-1)).toEqual([2, 1500, false]);
  expect(changesOf("node.ping.age <= 500ms", ...told).at(-1)).toEqual([2, 1500.1, false]);
  expect(changesOf("node.ping.age == 0.3s", ...told).slice(-2)).toEqual([
    [2, 1300, true],
    [2, 1300.1, false],
  ]);
});

test("the moment is the sum of the times, however their sum is rounded", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 99_999 }), fc.integer({ min: 1, max: 99_999 }), (tenths, limit) => {
      const told = [ping(tenths / 10_000), [100, "run.end"]] as const;
      expect(changesOf(`node.ping.count == 1 && node.ping.age == ${limit / 10}ms`, ...told)).toEqual([
        [0, 0, false],
        [2, (tenths + limit) / 10, true],
        [2, (tenths + limit + 1) / 10, false],
      ]);
    }),
  );
});

test("what comes at the very moment of its limit is in time for <=, and too late for <", () => {
  const told = [...[0.1, 0.2, 0.3, 0.4].map(ping), [0.45, "run.end"] as const];
  expect(changesOf("node.ping.age <= 100ms", ...told)).toEqual([[0, 0, true]]);
  expect(changesOf("node.ping.age < 100ms", ...told).slice(-2)).toEqual([
    [4, 400, false],
    [5, 400, true],
  ]);
});

test("a condition whose text does not tell its moments is sampled, and the moment found between two samples", () => {
  const { truth } = trace("abs(node.ping.age - 300ms) < 120ms", ping(0.7), [2, "run.end"]);
  expect(truth.changes.map(({ at, value }) => [at, value])).toEqual([
    [0, false],
    [180.1, true],
    [420, false],
    [880.1, true],
    [1120, false],
  ]);
});

test("a history that is followed while it grows has the same truth as one that is over", () => {
  const history = story(ping(0.2), ping(0.5), [0.6, "service.start"], ping(1.1), [2, "run.end"]);
  const expression = compileCondition("node.ping.age < 300ms && run.time > 250ms", declareSignals(plan));
  const growing: HistoryEvent[] = [];
  const following = createTrace(plan, growing, [expression]);
  for (let now = 0; now <= 2000; now += 50) {
    growing.push(...history.slice(growing.length).filter(({ at }) => at <= now));
    following.follow(now);
  }
  expect(following.truths.get(expression)).toEqual(traceTruth(plan, history, [expression]).get(expression));
});

test("the truth of a condition on ages is that of every moment, whatever happens when", () => {
  const times = fc.uniqueArray(fc.integer({ min: 1, max: 3000 }), { maxLength: 12 });
  const conditions = fc.constantFrom(
    "node.ping.age < 30ms",
    "node.ping.age > 25ms && node.ping.age <= 70ms",
    "node.ping.age >= 20ms || node.ping.count > 3",
    "node.alive && node.ping.age < 0.4ms * 100",
    "node.ping.age == 12.3ms || node.exits.age != 10ms",
    "node.ping.age < node.started.age && fault('drip').started.age > 99.9ms",
    "run.time > 70ms && run.time < 190ms",
    "node.ping.age > 1ms * node.starts * 7",
  );
  fc.assert(
    fc.property(conditions, times, times, (text, pings, exits) => {
      const told = [
        ...pings.map((at) => ping(at / 10_000)),
        ...exits.map((at, n): Told => [at / 10_000, n % 2 === 0 ? "service.start" : "service.exit"]),
        [0.31, "run.end"] as const,
      ].toSorted(([one], [other]) => one - other);
      const { expression, history, truth } = trace(text, ...told);

      const signals = createSignals(plan);
      let applied = 0;
      const wrong: (readonly [Position, unknown])[] = [];
      const compare = (position: Position): void => {
        const value = expression.evaluate(signals.bindings(position.at));
        if (valueAt(truth, position) !== value) wrong.push([position, value]);
      };
      for (let tenths = 0; tenths <= 3100; tenths += 1) {
        const at = tenths / 10;
        compare({ index: applied, at });
        for (let event = history[applied]; event !== undefined && event.at <= at; event = history[applied]) {
          signals.apply(event);
          applied += 1;
          compare({ index: applied, at });
        }
      }
      expect(wrong).toEqual([]);
    }),
    runs(100),
  );
});
