import { expect, test } from "vitest";
import { warningsOfPace } from "./pace.ts";
import { parseText } from "./plan.testing.ts";
import type { Plan } from "./schema.ts";

const document = {
  services: { node: { program: "node.ts", args: ["--poll", "10m"], start_timeout: "1ms" } },
  phases: [{ name: "storm", for: "1h", faults: [{ "tcp.latency": { delay: "200ms" }, every: "30s" }] }],
  expect: [{ always: "node.ping.age < 10m" }, { eventually: "node.done", within: "1m" }],
};
const plan = (scale: number, links: Plan["links"] = {}) => ({
  document,
  time: { scale },
  services: {},
  links,
  constants: {},
});

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

test.each([
  ["10ms..40ms", "10ms..40ms is 167us..667us"],
  ["10ms..6s", "10ms..6s is 167us..100ms"],
  ["0ms..40ms", "0ms..40ms is 0ms..667us"],
  ["= 10ms * 2", "= 10ms * 2 is 333us"],
  ["= gap / 100", "= gap / 100 is 333us"],
])("however it is written, it is as short: %s", async (delay, words) => {
  const storm = `{ name: storm, for: 1h, faults: [{ tcp.latency: { delay: ${delay} }, where: page }] }`;
  expect(await warningsOf(storm)).toEqual([
    `phases[0].faults[0].tcp.latency.delay: ${words} of real time with scale: 60, and less than 20ms is not kept: write a longer time, a smaller scale, or { real: ${delay} } if it is meant so`,
  ]);
});

test.each(["2s..4s", "= 1s * 2", "{ real: 10ms..40ms }", "{ real: = 10ms * 2 }"])(
  "what is long enough, or meant so, is not warned of: %s",
  async (delay) => {
    const storm = `{ name: storm, for: 1h, faults: [{ tcp.latency: { delay: ${delay} }, where: page }] }`;
    expect(await warningsOf(storm)).toEqual([]);
  },
);

test("of who asks for names, only one who asks by glibc is warned of: a program has the project's own resolver, by its own clock", async () => {
  const links = "  web_asks: { from: web, to: names, proto: dns }\n  node_asks: { from: node, to: names, proto: dns }";
  expect(await warningsOf("{ name: storm, for: 1h }", links)).toEqual([
    "links.web_asks: glibc's getaddrinfo waits for name servers in real time, whatever the scale: 60 of its seconds pass in one",
  ]);
});

async function warningsOf(phase: string, links = ""): Promise<readonly string[]> {
  const text = `
plan: p
time: { scale: 60 }
let: { gap: = 1s * 2 }
services:
  node: { program: node.ts }
  web: { command: [web] }
  names: { command: [named] }
links:
  page: { from: node, to: web, proto: tcp, port: 80 }
${links}
phases: [${phase}]
`;
  return warningsOfPace(await parseText(text));
}
