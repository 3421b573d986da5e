import { anything, array, assert, asyncProperty, constantFrom, nat, oneof, record, string } from "fast-check";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { byNight, runs } from "../../host/night.testing.ts";
import { PlanError } from "../errors.ts";
import { explain } from "../schedule/explain.ts";
import { createSchedule } from "../schedule/schedule.ts";
import { cells } from "./parse.ts";
import { parseText, problemsIn, twoServices } from "./plan.testing.ts";

const good = `plan: p
seed: random
${twoServices.replace("links:", "  web: { image: web:1, copies: 2, volumes: [/data] }\nlinks:\n  look: { from: web, to: plc, proto: tcp, port: 80 }")}
steady: [{ always: node.alive }, { always: web.alive }]
params: { gap: { default: 2ms }, flap: { default: { uniform: [5s, 40s] } } }
let: { chunk: { uniform: [1B, 64B] }, twice: = gap * 2 }
matrix: { how: [HUP, USR1], include: [{ how: HUP, x: 1 }, { how: USR1, x: { cycle: [1, 2] } }] }
observe: { up: { service: node, http: { port: 80 }, every: 1s, as: event } }
phases:
  - { name: warm-up, until: steady, timeout: 30s }
  - name: storm
    for: 60s
    expect: [{ always: node.alive }]
    faults:
      - tcp.drip: { rate: 200B/s, chunk: $chunk }
        where: fetch
        after: phase.warm-up + 3s
      - tcp.latency: { delay: = gap * x, jitter: 1ms..5ms }
        where: fetch
        every: $flap
        for: 3s
        probability: 5%
      - choose: [{ weight: 3, process.signal: { signal: $how, count: 1..5 } }, { none: {} }]
        name: storms
        where: { one_of: [node, web] }
        every: 10s..20s
        until: phase.end - 10s
      - disk.delete: { path: /data/x }
        where: web
expect:
  - never: web.restarts > 3 && look.connections > 5
  - whenever: fault("storms").started
    then: node.alive
    within: = gap * 1000
    tolerate: 20%
    during: storm
controls:
  - { service: node, without: reopen-log-on-hup, fails: never node.exited }
  - { service: node, without: reopen-log-on-hup, fails: always node.alive }
abort: [{ when: run.time > 1h }]
`.replace("  - { service: node, without: reopen-log-on-hup, fails: never node.exited }\n", "");

/** A plan that can be scheduled and explained, or problems with places and sentences; this returns what is neither. */
async function defectsOf(text: string): Promise<readonly string[]> {
  try {
    const plan = await parseText(text);
    for (const cell of cells(plan).slice(0, 4)) explain(plan, createSchedule(plan, { seed: 3, cell }));
    return [];
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    if (error.problems.length === 0) return ["no problem"];
    return error.problems
      .filter(({ line, column, message }) => line < 1 || column < 1 || !/\S/.test(message) || unclear.test(message))
      .map(({ line, column, message }) => `${line}:${column}: ${message}`);
  }
}

const unclear = /Invalid input|undefined|\[object/;

test("the plan that is changed below is a good one", async () => {
  expect(await problemsIn(good)).toEqual([]);
});

test("a good plan with any piece of it cut out, doubled or changed is a plan, or has problems with places", async () => {
  const pieces = oneof(
    string({ maxLength: 6 }),
    constantFrom(
      "{}",
      "[]",
      "null",
      "$gap",
      "= gap",
      "1",
      "-1",
      "1.5",
      "true",
      "5s",
      "*a",
      "&a",
      "\n",
      "  ",
      ": ",
      "- ",
      "name",
      "constructor",
      "__proto__",
    ),
  );
  await assert(
    asyncProperty(nat(good.length), nat(12), pieces, async (at, length, piece) => {
      expect(await defectsOf(good.slice(0, at) + piece + good.slice(at + length))).toEqual([]);
    }),
    runs(150),
  );
});

test("a good plan with any line missing or twice is a plan, or has problems with places", async () => {
  const lines = good.split("\n");
  for (const index of lines.keys().filter((index) => byNight || index % 3 === 0)) {
    expect(await defectsOf(lines.toSpliced(index, 1).join("\n"))).toEqual([]);
    expect(await defectsOf(lines.toSpliced(index, 0, lines[index] ?? "").join("\n"))).toEqual([]);
  }
});

test("whatever stands under the keys of a plan, there is a plan or there are problems with places", async () => {
  const json = anything({ withNullPrototype: false, maxDepth: 3, maxKeys: 3 });
  const keys = [
    "plan",
    "seed",
    "params",
    "let",
    "matrix",
    "services",
    "links",
    "observe",
    "steady",
    "phases",
    "expect",
    "abort",
    "controls",
    "mix",
    "tier",
    "worlds",
    "requires",
    "include",
    "override",
  ];
  const step = record(
    {
      "tcp.latency": json,
      choose: json,
      where: json,
      at: json,
      every: json,
      until: json,
      when: json,
      after: json,
      expect: json,
      name: json,
    },
    { requiredKeys: [] },
  );
  const phase = record(
    {
      name: json,
      for: json,
      until: json,
      timeout: json,
      faults: oneof(json, array(step, { maxLength: 2 })),
      expect: json,
    },
    { requiredKeys: [] },
  );
  const plan = record(
    Object.fromEntries(keys.map((key) => [key, key === "phases" ? oneof(json, array(phase, { maxLength: 2 })) : json])),
    { requiredKeys: [] },
  );
  await assert(
    asyncProperty(plan, async (value) => {
      let text: string;
      try {
        text = stringify(JSON.parse(JSON.stringify(value)));
      } catch {
        return;
      }
      expect(await defectsOf(text)).toEqual([]);
    }),
    runs(100),
  );
});
