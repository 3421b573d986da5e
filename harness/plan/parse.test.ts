/** A whole plan, and one in which nearly everything is wrong. */
import { describe, expect, test } from "vitest";
import { parseText, problemsIn, twoServices } from "./plan.testing.ts";

const canonical = `
plan: sighup-storm-during-a-slow-fetch
about: logrotate signals the Node Manager while it reads a slices file that drips in.
seed: 7
include: [lib/one-node.yaml]
params:
  gap: { default: 2ms, help: pause between two signals }
phases:
  - { name: warm-up, until: steady, timeout: 30s }
  - name: storm
    for: 60s
    faults:
      - tcp.drip: { rate: 200B/s }
        where: fetch
      - process.signal: { signal: HUP, count: 200, gap: $gap }
        where: node
        at: 5s
        every: 10s..20s
  - { name: heal, until: steady, timeout: 60s }
expect:
  - never: node.exited
  - always: node.ping.age < 5s
    during: storm
  - eventually: size(node.slivers) == 3
    within: 60s
controls:
  - { service: node, without: reopen-log-on-hup, fails: never   node.exited }
tier: commit
`;

const library = {
  "lib/one-node.yaml": `${twoServices.replace("node.ts", "../node.ts")}\nsteady:\n  - always: node.alive\n`,
};

test("the canonical plan parses", async () => {
  const plan = await parseText(canonical, { ...library, "lib/../node.ts": "", "lib/../subject.yaml": "" });
  expect(plan.phases.map(({ name, faults }) => [name, faults.map((step) => step.name)])).toEqual([
    ["warm-up", []],
    ["storm", ["tcp.drip", "process.signal"]],
    ["heal", []],
  ]);
  expect(plan.phases[1]?.faults[1]).toMatchObject({
    at: "5s",
    every: "10s..20s",
    where: { names: ["node"], count: 1 },
  });
  expect(plan.expect.map(({ text }) => text)).toEqual([
    "never node.exited",
    "always node.ping.age < 5s",
    "eventually size(node.slivers) == 3",
  ]);
  expect(plan.expect[2]).toMatchObject({ word: "eventually", within: 60_000, severity: "fail" });
  expect(plan.controls).toEqual([{ service: "node", without: ["reopen-log-on-hup"], fails: "never node.exited" }]);
  expect(plan.services["node"]).toMatchObject({
    program: "node.ts",
    ready: { log: "ready" },
    start_timeout: 10_000,
    args: [],
  });
  expect(plan.constants).toEqual({ gap: { type: "duration", value: 2 } });
});

describe("a plan with twenty mistakes reports all of them", () => {
  const bad = `plan: Twenty mistakes
sed: 7
include: [nowhere.yaml]
params:
  gap: { default: 2ms, one_of: [1ms, 5ms] }
  again: { default: $again }
services:
  node: { program: node.ts, arg: [--poll, 10s] }
  plc: { program: missing.ts }
  Box: { command: [sleep, "60"] }
links:
  fetch: { from: node, to: plcc, proto: htps, port: 443 }
steady:
  - always: node.aliv
phases:
  - name: warm-up
    until: steady
  - name: storm
    for: 60
    faults:
      - tcp.latency: { delay: 250 }
        where: fetsh
      - tcp.latancy: { delay: 250ms }
        where: fetch
      - tcp.drip: { rate: 200B/s, chunk_sise: 3 }
        name: second
        where: fetch
        at: $gab
        every: 10s..5
      - process.signal: { signal: HUPP, gap: = gap + 2 }
        where: node
        for: 3s
        direction: upstream
      - where: node
        at: 5s
expect:
  - never: node.exited
    always: node.alive
  - always: node.ping.age < 5
    during: strom
  - eventually: size(node.slivers) == 3
controls:
  - { service: node, without: reopen-logs-on-hup, fails: never node.exit }
  - { service: nod, without: x, fails: never node.exited }
tier: daily
`;

  test("each at its place, with what to write instead", async () => {
    expect(await problemsIn(bad)).toMatchInlineSnapshot(`
      [
        "plan.yaml:1:7 plan: write a name in lower case, such as warm-up (letters, digits, -, _ and .)",
        "plan.yaml:2:1 sed: there is no key sed here: did you mean seed?",
        "plan.yaml:3:11 include: nowhere.yaml: there is no such file",
        "plan.yaml:5:19 params.gap.default: write one of 1ms, 5ms",
        "plan.yaml:6:21 params.again.default: this value refers to itself: write it out",
        "plan.yaml:8:29 services.node.arg: there is no key arg here: did you mean args?",
        "plan.yaml:9:19 services.plc.program: there is no file missing.ts",
        "plan.yaml:10:3 services.Box: write a name in lower case, such as node or plc_2 (letters, digits and _, beginning with a letter)",
        "plan.yaml:12:28 links.fetch.to: there is no service plcc: did you mean plc?",
        "plan.yaml:12:41 links.fetch.proto: write tcp, udp, http, https, tls, dns or ntp",
        "plan.yaml:14:18 steady[0].always: node has no aliv: did you mean alive?",
        "plan.yaml:16:5 phases[0]: write a timeout: the longest that until may take, such as timeout: 60s",
        "plan.yaml:19:10 phases[1].for: write a duration with its unit, such as 250ms, 3s or 2m",
        "plan.yaml:21:31 phases[1].faults[0].tcp.latency.delay: write a duration with its unit, such as 250ms, 3s or 2m",
        "plan.yaml:22:16 phases[1].faults[0].where: there is no link fetsh: did you mean fetch?",
        "plan.yaml:23:9 phases[1].faults[1].tcp.latancy: there is no fault called tcp.latancy: did you mean tcp.latency?",
        "plan.yaml:25:35 phases[1].faults[2].tcp.drip.chunk_sise: there is no key chunk_sise here: there are rate, chunk",
        "plan.yaml:28:13 phases[1].faults[2].at: there is no parameter gab: did you mean gap?",
        "plan.yaml:29:16 phases[1].faults[2].every: write a duration with its unit, such as 250ms, 3s or 2m, or a range of two, such as 10ms..2s",
        "plan.yaml:30:35 phases[1].faults[3].process.signal.signal: write a signal: one of HUP, INT, QUIT, USR1, USR2, TERM, KILL, STOP, CONT, PIPE, CHLD",
        "plan.yaml:30:54 phases[1].faults[3].process.signal.gap: gap is a duration and 2 is a bare number: write a duration with its unit, such as 250ms, 3s or 2m",
        "plan.yaml:32:14 phases[1].faults[3].for: leave out for: process.signal happens at one moment and has no length",
        "plan.yaml:33:20 phases[1].faults[3].direction: leave out direction: it chooses connections, and this fault acts on a service",
        "plan.yaml:34:9 phases[1].faults[4]: write exactly one fault, such as tcp.latency: { delay: 100ms }",
        "plan.yaml:37:5 expect[0]: write exactly one of always, never, eventually, whenever, at_end and sometimes",
        "plan.yaml:39:29 expect[1].always: node.ping.age is a duration and 5 is a bare number: write a duration with its unit, such as 250ms, 3s or 2m",
        "plan.yaml:40:13 expect[1].during: there is no phase or step strom: did you mean storm?",
        "plan.yaml:41:5 expect[2]: write the deadline of eventually, such as within: 30s",
        "plan.yaml:43:31 controls[0].without: there is no guard of node called reopen-logs-on-hup: did you mean reopen-log-on-hup?",
        "plan.yaml:43:58 controls[0].fails: there is no expectation "never node.exit": did you mean never node.exited?",
        "plan.yaml:44:16 controls[1].service: there is no service nod: did you mean node?",
        "plan.yaml:45:7 tier: write commit or nightly",
      ]
    `);
  });
});

test("what only drawing shows is reported together with all else", async () => {
  const problems = await problemsIn(`
plan: many
services: { node: { command: [sleep, infinity] }, plc: { command: [sleep, infinity] } }
links: { fetch: { from: node, to: plc, proto: tcp, port: 443 } }
params: { p: { default: 0s } }
phases:
  - name: faults
    for: 10s
    faults:
      - { tcp.refuse: {}, every: 0s }
      - { tcp.latency: { delay: 5ms }, name: second, every: $p, where: fetsh }
      - { tcp.latency: { delay: 5ms }, name: third, every: 0s..1ms }
      - { tcp.latency: { delay: { ramp: [0ms, 1s] } }, name: fourth }
      - { process.pause: {}, where: node, after: nowhere.ended + 5s }
      - { process.kill: {}, where: node, at: 20s }
expect:
  - sometimes: fault("nope").hits > 0
`);
  expect(problems.map((line) => line.replace(/^\S+ /, "").split(":")[0])).toEqual([
    "phases[0].faults[0]",
    "phases[0].faults[0].every",
    "phases[0].faults[1].every",
    "phases[0].faults[1].where",
    "phases[0].faults[2].every",
    "phases[0].faults[3]",
    "phases[0].faults[4].after",
    "phases[0].faults[5].at",
    "expect[0].sometimes",
  ]);
});
