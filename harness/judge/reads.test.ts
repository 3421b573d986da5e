import { expect, test } from "vitest";
import type { Plan } from "../plan/schema.ts";
import { expectation, sketchPlan, sketchStep } from "./judge.testing.ts";
import { createIsRead, readsOf } from "./reads.ts";

const storm = (parts: Parameters<typeof sketchStep>[1]): Partial<Plan> => ({
  phases: [{ name: "storm", for: 1000, faults: [sketchStep("drip", parts)] }],
});

test.each<readonly [string, Partial<Plan>]>([
  ["steady", { steady: [expectation("always node.ping.age < 2s")] }],
  ["expect", { expect: [expectation("never node.ping")] }],
  ["then", { expect: [expectation("whenever node.exits then node.ping.count > 3")] }],
  ["abort", { abort: [{ when: "node.ping.age > 1m" }] }],
  ["the end of a phase", { phases: [{ name: "storm", until: "node.ping.count > 3", faults: [] }] }],
  ["when", storm({ when: "node.ping.age > 1s" })],
  ["while", storm({ while: "node.ping.age > 1s" })],
  ["until", storm({ until: "node.ping.age > 1s" })],
  ["all of a service at once", { expect: [expectation("always [node].all(n, n.ping.age < 3s)")] }],
])("a signal is read where it stands in %s", (_, parts) => {
  const isRead = createIsRead(readsOf(sketchPlan({ steady: [], ...parts })));
  expect(isRead("node.ping")).toBe(true);
  expect(isRead("plc.ping")).toBe(false);
});

test("names of steps and phases, times and steady read nothing", () => {
  const phases: Plan["phases"] = [
    { name: "warm-up", until: "steady", faults: [] },
    { name: "storm", for: 1000, faults: [sketchStep("one", { after: "phase.warm-up + 1s", until: "30s" })] },
    { name: "rest", for: 1000, faults: [sketchStep("two", { after: "one" })] },
  ];
  expect(readsOf(sketchPlan({ steady: [], phases }))).toEqual(new Set());
});
