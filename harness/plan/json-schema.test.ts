import { readFile } from "node:fs/promises";
import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { faults, placeOf } from "../../faults/registry.ts";
import { faultKey } from "../../faults/key.ts";
import { renderJsonSchema } from "./json-schema.ts";
import { problemsIn, twoServices } from "./plan.testing.ts";

test("plan.schema.json is what the code says; if not: npx sinbin schema > harness/plan/plan.schema.json", async () => {
  expect(await readFile(new URL("plan.schema.json", import.meta.url), "utf8")).toBe(renderJsonSchema());
});

const validate = new Ajv({ strict: false, allErrors: true }).compile(JSON.parse(renderJsonSchema()) as object);

const head = `plan: p\n${twoServices}\nparams: { gap: { default: 2ms } }\nsteady: [{ always: node.alive }]\n`;
const withStep = (step: string): string =>
  `${head}phases:\n  - name: storm\n    for: 60s\n    faults:\n      - ${step}\n`;
const withTop = (text: string): string => `plan: p\n${twoServices}\nphases: [{ name: storm, for: 60s }]\n${text}\n`;

const withService = (service: string): string =>
  `plan: p\nservices: { a: ${service} }\nphases: [{ name: b, for: 1s }]\n`;

async function verdicts(text: string): Promise<{ readonly schema: boolean; readonly parser: boolean }> {
  return {
    schema: validate(parse(text)),
    parser:
      (await problemsIn(text, { Dockerfile: "", "servers/dns/main.ts": "", "servers/ntp/main.ts": "" })).length === 0,
  };
}

/** Of the link that the faults of a plane act on, or rest on. */
const protoFor = new Map<string, string>([
  ["udp", "udp"],
  ["dns", "dns"],
  ["resolver", "dns"],
  ["ntp", "ntp"],
  ["timekeeper", "ntp"],
]);

describe("the JSON Schema and the parser agree on good plans", () => {
  test.each([
    ...[...faults.values()].map(({ kind, plane, example }) =>
      withStep(
        `${faultKey(kind)}: ${example}\n        where: ${placeOf(plane) === "link" ? "fetch" : "node"}\n        may_miss: true`,
      )
        .replace("proto: https", `proto: ${protoFor.get(plane) ?? "https"}`)
        .replace("program: node.ts", plane === "timekeeper" ? "$&, timekeeper: { servers: [fetch] }" : "$&"),
    ),
    withStep("tcp.refuse:"),
    withStep(
      "tcp.refuse: {}\n        at: 5s\n        every: 5s..10s\n        for: { exponential: 3s }\n        until: phase.end - 10s\n        times: 3",
    ),
    withStep("tcp.latency: { delay: $gap }\n        after: phase.x").replace(
      "phases:",
      "phases:\n  - { name: x, for: 1s }",
    ),
    withStep(
      "tcp.latency: { delay: = gap * 2, jitter: { normal: [1ms, 2ms] } }\n        where: [fetch]\n        probability: 5%",
    ),
    withStep("choose: [{ weight: 3, tcp.refuse: {} }, { none: {} }]\n        every: 5s"),
    withStep("none: {}"),
    withStep(
      "process.kill: {}\n        where: { random: 1, of: all }\n        when: node.exited\n        may_miss: true",
    ),
    withTop("about: text\nseed: random\ntier: nightly\nworlds: [local]\nrequires: [programs]"),
    withTop("tier: { docker: nightly }"),
    withTop(
      "expect: [{ whenever: node.exited, then: node.alive, within: 3s, tolerate: 20%, name: n, severity: warn }]",
    ),
    withTop("matrix: { a: [1, 2], exclude: [{ a: 1 }] }\nlet: { b: { uniform: [1s, 2s] } }"),
    withTop("observe: { a: { service: node, http: { port: 80, path: /x, match: ok }, every: 1s, as: event } }"),
    withTop(
      "controls: [{ service: node, without: [reopen-log-on-hup], fails: never node.exited }]\nexpect: [{ never: node.exited }]",
    ),
    withTop("abort: [{ when: run.time > 1h, reason: too long }]"),
    withTop("mix: { faults: [tcp.latency, process.*], where: [fetch, node], at_most: 3, strength: 50% }"),
    ...[
      "{ image: redis:8 }",
      `{ image: "redis@sha256:${"0".repeat(64)}" }`,
      '{ image: redis, command: [redis-server], user: "999", volumes: [/data], ports: [1, "2:3"], limits: { cpus: 1.5 } }',
      "{ build: . }",
      "{ build: { context: ., dockerfile: Dockerfile, target: a, args: { A: b } }, ready: { healthy: true } }",
      "{ program: node.ts, limits: { memory: 64MiB, processes: 5, open_files: 20 }, ready: { line: up } }",
      "{ command: [a], ready: { http: { port: 80, path: /x, expect: 204 } } }",
      "{ command: [a], copies: 3 }",
      '{ dns: { zones: { plc.test: { boot: { A: 192.0.2.1 }, "*.x": { TXT: [a, b], ttl: 5s }, "@": { MX: 10 boot } } } } }',
      "{ dns: { ttl: 5s, zones: { plc.test: { boot: { A: [192.0.2.1, 192.0.2.2] } } } }, args: [a], limits: { processes: 5 } }",
      "{ ntp: {} }",
      "{ ntp: { stratum: 2, reference_id: GPS, root_delay: 5ms } }",
    ].map(withService),
  ])("%s", async (text) => {
    expect(await verdicts(text)).toEqual({ schema: true, parser: true });
  });
});

describe("the JSON Schema and the parser agree on bad plans", () => {
  test.each([
    withStep("tcp.refuse: {}\n        tcp.drip: { rate: 1B/s }"),
    withStep("where: fetch"),
    withStep("tcp.latency: {}"),
    withStep("tcp.latency:"),
    withStep("tcp.latency: { delay: 250 }"),
    withStep("tcp.latency: { delay: 250ms, dely: 1s }"),
    withStep("tcp.latency: { delay: { uniform: [1s] } }"),
    withStep("tcp.latency: { delay: { unifrom: [1s, 2s] } }"),
    withStep("tcp.latency: { delay: $Gap }"),
    withStep("tcp.latancy: { delay: 250ms }"),
    withStep("tcp.refuse: {}\n        when: node.exited\n        while: node.exited"),
    withStep("tcp.refuse: {}\n        every: 5"),
    withStep("tcp.refuse: {}\n        times: 0"),
    withStep("tcp.reset: {}\n        probability: 5"),
    withStep("tcp.refuse: {}\n        where: { on_of: all }"),
    withStep("process.signal: { signal: HUPP }\n        where: node"),
    withStep("process.signal: { signal: HUP, count: 2.5 }\n        where: node"),
    withStep("choose: []"),
    withStep("choose: [{ weight: 3 }]"),
    withTop("sed: 7"),
    withTop("mix: { faults: [tcp.latensy] }"),
    withTop("mix: { faults: [] }"),
    withTop("mix: { at_most: 0 }"),
    withTop("mix: { strength: 50 }"),
    withTop("seed: -1"),
    withTop("seed: often"),
    withTop("tier: daily"),
    withTop("tier: { moon: nightly }"),
    withTop("expect: [{ never: node.exited, always: node.alive }]"),
    withTop("expect: [{ severity: warn }]"),
    withTop("matrix: { a: 3 }"),
    withTop("params: { A: { default: 3 } }"),
    withTop("observe: { a: { service: node, as: event } }"),
    withTop("observe: { a: { service: node, event: x, line: y, as: event } }"),
    withTop("controls: [{ service: node, fails: never node.exited }]"),
    ...[
      "{}",
      "{ image: redis, program: node.ts }",
      "{ image: redis, build: . }",
      "{ command: [a], program: node.ts }",
      "{ image: Redis }",
      "{ image: redis, copies: 0 }",
      "{ image: redis, copies: 501 }",
      "{ image: redis, copies: $gap }",
      "{ image: redis, user: 5 }",
      "{ image: redis, volumes: [data] }",
      "{ image: redis, volumes: [] }",
      "{ image: redis, volumes: [/a, /a] }",
      "{ image: redis, ports: ['80:0'] }",
      "{ image: redis, limits: {} }",
      "{ image: redis, limits: { cpus: 0 } }",
      "{ image: redis, ready: { healthy: false } }",
      "{ image: redis, ready: { healthy: true, port: 80 } }",
      "{ command: [a], ready: { healthy: true } }",
      "{ command: [a], limits: { cpus: 1 } }",
      "{ command: [a], user: root }",
      "{ program: node.ts, networks: [a] }",
      "{ build: { dockerfile: Dockerfile } }",
      "{ build: { context: ., dockerfile: ../Dockerfile } }",
      "{ dns: {} }",
      "{ dns: { zone: a, upstream: b } }",
      "{ dns: { zones: { plc.test: { boot: { B: x } } } } }",
      "{ dns: { zones: { plc.test: { boot: { A: { lnk: x } } } } } }",
      '{ dns: { zones: { plc.test: { "b c": { A: 192.0.2.1 } } } } }',
      "{ dns: { secondary: { refresh: 5s } } }",
      "{ dns: { zones: { plc.test: { boot: { A: 192.0.2.1 } } } }, program: node.ts }",
      "{ dns: { zones: { plc.test: { boot: { A: 192.0.2.1 } } } }, user: root }",
      "{ ntp: {}, command: [a] }",
      "{ ntp: { stratum: 16 } }",
      "{ program: node.ts, resolver: { attempts: 0 } }",
      "{ program: node.ts, resolver: { timeout: 5 } }",
    ].map(withService),
    `plan: p\n${twoServices}`,
    `${twoServices}phases: [{ name: storm, for: 60s }]`,
    `${head}phases: [{ name: storm }]`,
    `${head}phases: [{ name: storm, for: 3s, until: steady, timeout: 3s }]`,
    `${head}phases: [{ name: storm, until: steady }]`,
    `${head}phases: [{ name: storm, for: 3s, timeout: 3s }]`,
    `${head}phases: []`,
  ])("%s", async (text) => {
    expect(await verdicts(text)).toEqual({ schema: false, parser: false });
  });
});
