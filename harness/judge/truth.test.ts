import * as fc from "fast-check";
import { expect, test } from "vitest";
import { compileCondition, createSignals, declareSignals } from "./signals.ts";
import { sketchPlan, story, type Told } from "./judge.testing.ts";
import { traceTruth } from "./truth.ts";

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

test("the truth of a condition on ages is that of every millisecond, whatever happens when", () => {
  const times = fc.uniqueArray(fc.integer({ min: 1, max: 3000 }), { maxLength: 12 });
  const conditions = fc.constantFrom(
    "node.ping.age < 300ms",
    "node.ping.age > 250ms && node.ping.age < 700ms",
    "node.ping.age > 200ms || node.ping.count > 3",
    "node.alive && node.ping.age < 400ms",
    "run.time > 700ms && run.time < 1900ms",
  );
  fc.assert(
    fc.property(conditions, times, times, (text, pings, exits) => {
      const told = [
        ...pings.map((at) => ping(at / 1000)),
        ...exits.map((at, n): Told => [at / 1000, n % 2 === 0 ? "service.start" : "service.exit"]),
        [3.1, "run.end"] as const,
      ].toSorted(([one], [other]) => one - other);
      const { expression, history, truth } = trace(text, ...told);

      const signals = createSignals(plan);
      let applied = 0;
      const wrong: number[] = [];
      for (let at = 0.5; at < 3100; at += 1) {
        for (; applied < history.length && (history[applied]?.at ?? Infinity) <= at; applied += 1) {
          const event = history[applied];
          if (event !== undefined) signals.apply(event);
        }
        const traced = truth.changes.findLast((change) => change.at <= at)?.value;
        if (traced !== expression.evaluate(signals.bindings(at))) wrong.push(at);
      }
      // A moment is found to a millisecond: it may be off by that, once for each change.
      expect(wrong.length).toBeLessThanOrEqual(truth.changes.length);
    }),
    { numRuns: 60 },
  );
});
