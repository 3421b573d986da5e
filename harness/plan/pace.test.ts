import { expect, test } from "vitest";
import { warningsOfPace } from "./pace.ts";
import type { Plan } from "./schema.ts";

const document = {
  services: { node: { program: "node.ts", args: ["--poll", "10m"], start_timeout: "1ms" } },
  phases: [{ name: "storm", for: "1h", faults: [{ "tcp.latency": { delay: "200ms" }, every: "30s" }] }],
  expect: [{ always: "node.ping.age < 10m" }, { eventually: "node.done", within: "1m" }],
};
const plan = (scale: number, links: Plan["links"] = {}) => ({ document, time: { scale }, links });

test("a plan in real time is warned of nothing", () => {
  expect(warningsOfPace(plan(1))).toEqual([]);
});

test("what is too short for a machine that can't be hurried is named, with what would do", () => {
  expect(warningsOfPace(plan(60))).toEqual([
    "phases[0].faults[0].tcp.latency.delay: 200ms is 3.333ms of real time with scale: 60, and less than 20ms is not kept: write a longer time, a smaller scale, or { real: 200ms } if it is meant so",
    "expect[1].within: 1m is the tightest deadline, and 1s of real time with scale: 60; a busy machine may need 2s for an answer: write scale: 30 at most, or a longer deadline",
  ]);
});

test("deadlines in expressions count as well", () => {
  const impatient = { ...document, expect: [{ always: "node.ping.age < 3s && node.alive" }] };
  expect(warningsOfPace({ ...plan(2), document: impatient })).toEqual([
    "expect[0].always: 3s is the tightest deadline, and 1.5s of real time with scale: 2; a busy machine may need 2s for an answer: write scale: 1 at most, or a longer deadline",
  ]);
});
