import { describe, expect, test } from "vitest";
import type { Observation } from "../plan/schema.ts";
import { convert } from "./observed.ts";
import { compileCondition, createSignals, declareSignals } from "./signals.ts";
import { sketchPlan, story, usualStory, type Told } from "./judge.testing.ts";

const plan = sketchPlan({
  observe: {
    answers: { service: "plc", http: { port: 80, path: "/", method: "GET", expect: 200 }, as: "bool" },
    shown: { service: "plc", http: { port: 80, path: "/", method: "GET", expect: 200 }, json: "count", as: "int" },
    warned: { service: "plc", line: "WARN (\\w+)", as: "event" },
  },
  constants: { period: { type: "duration", value: 5000 } },
});

/** The value of an expression at a time, after all that was told until then. */
function valueOf(expression: string, seconds: number, ...told: readonly Told[]): unknown {
  const signals = createSignals(plan);
  for (const event of story(...told)) if (event.at <= seconds * 1000) signals.apply(event);
  return compileCondition(expression, declareSignals(plan)).evaluate(signals.bindings(seconds * 1000));
}

describe("the signals that every service has", () => {
  const life: readonly Told[] = [
    [1, "service.start"],
    [2, "service.ready"],
    [5, "service.exit", { code: 1 }],
    [6, "service.start"],
    [8, "service.exit", { code: 0 }],
  ];

  test.each([
    ["node.alive", [false, true, true, false, true, false]],
    ["node.ready", [false, false, true, false, false, false]],
    ["node.exited", [false, false, false, true, false, true]],
    ["node.crashed", [false, false, false, true, false, false]],
    ["node.starts == 2", [false, false, false, false, true, true]],
    ["node.restarts == 1", [false, false, false, false, true, true]],
    ["node.alive && node.started.age == 0.5s", [false, true, false, false, true, false]],
    ["node.exits.count == 1", [false, false, false, true, true, false]],
    ["node.exits.last.code == 1", [undefined, undefined, undefined, true, true, false]],
  ])("%s over a life", (expression, values) => {
    expect([0.5, 1.5, 2.5, 5.5, 6.5, 8.5].map((seconds) => valueOf(expression, seconds, ...life))).toEqual(values);
  });

  test("who was ended by order did not crash", () => {
    const ordered: readonly Told[] = [
      [1, "service.start"],
      [2, "service.exit", { ordered: true, code: undefined, signal: "KILL" }],
    ];
    expect(valueOf("node.exited && !node.crashed", 3, ...ordered)).toBe(true);
  });
});

test("a link counts its connections and their bytes", () => {
  const told: readonly Told[] = [
    [1, "connection.open", { link: "fetch", connection: 0 }],
    [1, "connection.open", { link: "fetch", connection: 1 }],
    [2, "connection.close", { link: "fetch", connection: 0, upstream: 100, downstream: 2048, by: "server" }],
  ];
  expect(
    valueOf("fetch.connections == 1 && fetch.opened.count == 2 && fetch.closed.last.by == 'server'", 3, ...told),
  ).toBe(true);
  expect(valueOf("fetch.upstream == 100B && fetch.downstream == 2KiB", 3, ...told)).toBe(true);
});

test("a step knows its faults", () => {
  const signals = createSignals(plan);
  const scope = declareSignals(plan);
  const expression = compileCondition(
    'fault("drip").active && fault("drip").hits == 1 && fault("drip").started.age == 1s',
    scope,
  );
  const values = usualStory().map((event) => {
    signals.apply(event);
    return [event.at, expression.evaluate(signals.bindings(event.at + 500))] as const;
  });
  expect(values.filter(([, value]) => value === true)).toEqual([[3500, true]]);
});

const log = (at: number, fields: Readonly<Record<string, unknown>>): Told => [at, "service.log", { fields }];

const probe = (at: number, name: string, ok: boolean, value?: unknown): Told => [
  at,
  "probe",
  { name, ok, ...(value === undefined ? {} : { value }) },
];

describe("signals that are declared", () => {
  test("take the field of the last event, and forget it with the process", () => {
    const told: readonly Told[] = [
      [1, "service.start"],
      log(2, { event: "slivers", names: ["a"] }),
      log(3, { event: "slivers", names: ["a", "b"] }),
      [4, "service.exit"],
    ];
    expect([1.5, 2.5, 3.5, 4.5].map((at) => valueOf("size(node.slivers) == 2", at, ...told))).toEqual([
      undefined,
      false,
      true,
      undefined,
    ]);
  });

  test("count only the events whose fields are as `where` says, and keep on counting", () => {
    const told: readonly Told[] = [
      log(1, { event: "fetch.end", outcome: "timeout" }),
      log(2, { event: "fetch.end", outcome: "ok", bytes: 7 }),
      [3, "service.exit"],
    ];
    expect(
      valueOf("node.fetches.count == 1 && node.fetches.last.bytes == 7 && node.fetches.age == 2s", 4, ...told),
    ).toBe(true);
  });

  test("read lines by a pattern, in plain text and in JSON alike", () => {
    expect(valueOf("node.took < 6ms", 2, [1, "service.log", { line: "loop took 5.5ms" }])).toBe(true);
    expect(valueOf("node.took == 7ms", 2, log(1, { event: "x", text: "took 7ms" }))).toBe(true);
    expect(valueOf('warned.last == "disk"', 2, [1, "service.log", { service: "plc", line: "WARN disk" }])).toBe(true);
    expect(valueOf("warned.count == 0", 2, [1, "service.log", { service: "node", line: "WARN disk" }])).toBe(true);
  });

  test("of a probe that fails, nothing is known but that it fails", () => {
    const told = [
      probe(1, "answers", true, 200),
      probe(1, "shown", true, 4),
      probe(1, "node.ping", true, 200),
      probe(2, "answers", false),
      probe(2, "shown", false),
      probe(2, "node.ping", false),
    ];
    expect(valueOf("answers && shown == 4 && node.ping.count == 1", 1.5, ...told)).toBe(true);
    expect(valueOf("answers", 2.5, ...told)).toBe(false);
    expect(valueOf("shown == 4", 2.5, ...told)).toBeUndefined();
    expect(valueOf("node.ping.count == 1 && node.ping.age == 1500ms", 2.5, ...told)).toBe(true);
  });

  test.each<readonly [unknown, Observation["as"], unknown]>([
    ["12", "int", 12],
    ["1.5", "int", undefined],
    ["1.5", "double", 1.5],
    ["", "double", undefined],
    ["false", "bool", false],
    [1, "bool", undefined],
    [7, "string", "7"],
    [{}, "string", undefined],
    [["a"], "list", ["a"]],
    ["a", "list", undefined],
    ["250", "duration", 250],
    [null, "int", undefined],
  ])("%j as %s is %j", (raw, as, value) => {
    expect(convert(raw, as)).toEqual(value);
  });
});

test("an age counts from the beginning of the run before the first time", () => {
  expect(valueOf("node.ping.age == 4s && run.time == 4s", 4)).toBe(true);
});

test("constants and the phase are there by their names", () => {
  expect(valueOf('phase == "storm" && period == 5s', 3, [2, "phase.begin", { phase: "storm" }])).toBe(true);
});

test.each([
  ["node", "this is an object with the members alive, ready"],
  ["node.slivers", "this is of type list: write a condition, such as size(node.slivers) > 0"],
  ["period", "this is of type duration: write a condition, such as period < 5s"],
  ["node.starts", "this is of type int: write a condition, such as node.starts > 0"],
])("%s is no condition", (text, message) => {
  expect(() => compileCondition(text, declareSignals(plan))).toThrow(message);
});

test("a link of names tells of its queries and replies, and no other link does", () => {
  const link = { from: "node", to: "dns1", proto: "dns", port: 53 } as const;
  const naming = { services: {}, links: { names: link }, observe: {}, constants: {}, phases: [] };
  const signals = createSignals(naming);
  const passed = { link: "names", connection: 1, transport: "udp" } as const;
  signals.apply({ at: 1000, event: "dns.query", ...passed, message: "ID 1, query" });
  signals.apply({ at: 2000, event: "dns.query", ...passed, message: "ID 1, query" });
  signals.apply({ at: 3000, event: "dns.reply", ...passed, message: "ID 1, response" });
  const evaluate = (text: string) => compileCondition(text, declareSignals(naming)).evaluate(signals.bindings(5000));
  expect(evaluate("names.queries.count == 2 && names.queries.age == 3s")).toBe(true);
  expect(evaluate("names.replies.count == 1 && names.replies.last == 'ID 1, response'")).toBe(true);
  const isIn = (target: string): unknown => evaluate(`names.cname["boot.plc.test"] == "${target}"`);
  expect(isIn("plc-a.plc.test")).toBeUndefined();
  signals.apply({ at: 3000, event: "dns.reply", ...passed, message: aliasOf("plc-a.plc.test") });
  expect(isIn("plc-a.plc.test")).toBe(true);
  signals.apply({ at: 3000, event: "dns.reply", ...passed, message: aliasOf("plc-b.plc.test") });
  expect([isIn("plc-a.plc.test"), isIn("plc-b.plc.test")]).toEqual([false, true]);
  signals.apply({ at: 3000, event: "dns.reply", ...passed, message: aliasOf("plc-a.plc.test"), length: 9 });
  expect([isIn("plc-a.plc.test"), isIn("plc-b.plc.test")]).toEqual([false, true]);
  const other = { ...naming, links: { names: { ...link, proto: "tcp" as const } } };
  expect(() => compileCondition("names.queries.count > 0", declareSignals(other))).toThrow("names has no queries");
});

function aliasOf(target: string): string {
  return `ID 1, response; Question Boot.plc.test IN A; Answer Boot.plc.test 5 IN CNAME ${target}, ${target} 5 IN A 192.0.2.1`;
}
