import { describe, expect, test } from "vitest";
import { worldNames } from "../worlds/world.ts";
import { parsePlan } from "./parse.ts";
import { parseText, problemsIn, readFrom, twoServices } from "./plan.testing.ts";

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

const phases = "phases:\n  - { name: storm, for: 60s, faults: [] }\n";

/** A plan with one step. */
const withStep = (step: string): string =>
  `plan: p\n${twoServices}\nparams: { gap: { default: 2ms } }\nsteady: [{ always: node.alive }]\nphases:\n  - { name: warm-up, until: steady, timeout: 1m }\n  - name: storm\n    for: 60s\n    faults:\n      - ${step}\n`;

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

const failing = (code: string) => () => Promise.reject(Object.assign(new Error("broken"), { code }));

const readLatin = async () => new Uint8Array([0xff, 0xfe, 0x70]);

describe("a file that is no plan", () => {
  const bomb = `a: &a [x, x, x, x, x, x, x, x, x, x]\n${"bcdefghi"
    .split("")
    .map(
      (name, index) =>
        `${name}: &${name} [${Array.from({ length: 10 }, () => `*${"abcdefgh"[index] ?? ""}`).join(", ")}]`,
    )
    .join("\n")}\n`;

  test.each([
    ["an empty file", "", "plan.yaml:1:1: the file is empty: write at least plan, services and phases"],
    ["only a comment", "# nothing\n", "plan.yaml:1:1: the file is empty: write at least plan, services and phases"],
    ["a list", "- plan: x\n", "plan.yaml:1:1: write a map: plan, services, links, phases and so on"],
    ["a word", "plan\n", "plan.yaml:1:1: write a map: plan, services, links, phases and so on"],
    ["10 MB", `plan: ${"x".repeat(10_000_000)}\n`, "plan.yaml:1:1: the file has 9.5 MiB: a plan has 1 MiB at most"],
    ["bytes that are no text", "plan: \0\n", "plan.yaml:1:1: this is not a text file"],
    ["an alias bomb", bomb, "this is too much for a plan: its aliases multiply, or it is nested too deeply"],
    ["deep nesting", `plan: ${"[".repeat(3000)}${"]".repeat(3000)}\n`, "this is too much for a plan"],
    ["an alias that contains itself", "plan: &a [*a]\n", "this is too much for a plan"],
    ["an unknown alias", "plan: *nobody\n", "plan.yaml:1:7 plan: there is no anchor called &nobody before this"],
    [
      "a tab",
      "plan: p\nphases:\n\t- { name: a }\n",
      "plan.yaml:3:1: write spaces: YAML does not allow tabs as indentation",
    ],
    ["two documents", "plan: p\n---\nplan: q\n", "write one plan a file: a second document begins here"],
    ["an open bracket", "plan: [\n", "this is not YAML"],
    ["a tag", "plan: !!js/function x\n", "leave out the tag"],
    ["a key twice", `plan: p\nplan: q\n${phases}`, "plan.yaml:2:1 plan: plan is written twice: keep one of them"],
    ["a map as a key", `plan: p\n? { a: 1 }\n: 2\n${phases}`, "write a plain word as the key"],
    [
      "not a number",
      `plan: p\nseed: .nan\n${phases}`,
      "plan.yaml:2:7 seed: write a finite number or a text in quotes, not .nan",
    ],
    ["a key of every object", `plan: p\n__proto__: { plan: q }\n${phases}`, "choose another key"],
  ])("%s is refused", async (_what, text, problem) => {
    expect((await problemsIn(text)).join("\n")).toContain(problem);
  });

  test("a missing file, a folder and a file that can't be read say so", async () => {
    await expect(parsePlan("plan.yaml", failing("ENOENT"))).rejects.toThrow("plan.yaml:1:1: there is no such file");
    await expect(parsePlan("plan.yaml", failing("EISDIR"))).rejects.toThrow(
      "plan.yaml:1:1: this is a folder: name a file",
    );
    await expect(parsePlan("plan.yaml", failing("EACCES"))).rejects.toThrow(
      "plan.yaml:1:1: the file can't be read: broken",
    );
  });

  test("bytes that are not UTF-8 say so", async () => {
    await expect(parsePlan("plan.yaml", readLatin)).rejects.toThrow("plan.yaml:1:1: this is not a text file in UTF-8");
  });
});

describe("what YAML 1.1 would have read as something else", () => {
  test("on, off, yes and no are words, and 012 is twelve", async () => {
    const plan = await parseText(
      `plan: p\n${phases}params:\n  a: { default: on }\n  b: { default: off }\n  c: { default: 012 }\n  d: { default: 1:30:00 }\n`,
    );
    expect(Object.values(plan.constants).map(({ value }) => value)).toEqual(["on", "off", 12, "1:30:00"]);
  });
});

describe("one mistake, one sentence", () => {
  test.each([
    ["tcp.latency: { delay: 250 }", "tcp.latency.delay: write a duration with its unit, such as 250ms, 3s or 2m"],
    ["tcp.latency: { delay: 250 ms }", "tcp.latency.delay: write a duration with its unit, such as 250ms, 3s or 2m"],
    ["tcp.latency: {}", "tcp.latency.delay: write a duration with its unit, such as 250ms, 3s or 2m"],
    ["tcp.latency: { delay: $gab }", "tcp.latency.delay: there is no parameter gab: did you mean gap?"],
    [
      "tcp.latency: { delay: $Gap }",
      "tcp.latency.delay: write the name of a parameter behind $, in lower case, such as $gap",
    ],
    ["tcp.latency: { delay: =gap }", "tcp.latency.delay: write a space behind =, such as = period + jitter"],
    ["tcp.latency: { delay: = gap + gab }", "tcp.latency.delay: there is no gab here: did you mean gap?"],
    ["tcp.latency: { delay: = 3 }", "tcp.latency.delay: the result is of type int: write a duration with its unit"],
    ["tcp.latency: { delay: 5s..1s }", "tcp.latency.delay: write the lower end first"],
    [
      "tcp.latency: { delay: { unifrom: [1s, 2s] } }",
      "tcp.latency.delay: write a distribution: one of uniform, normal",
    ],
    ["tcp.latency: { delay: { uniform: [1, 2s] } }", "tcp.latency.delay.uniform[0]: write a duration with its unit"],
    ["tcp.latency: { delay: { uniform: [1s] } }", "tcp.latency.delay.uniform: write two values: uniform: [low, high]"],
    ["tcp.latency: [1s]", "tcp.latency: write a map, such as { key: value }"],
    ["process.signal: { signal: HUPP }\n        where: node", "process.signal.signal: write a signal: one of HUP"],
    ["process.signal: { signal: HUP, count: 2.5 }\n        where: node", "process.signal.count: write a whole number"],
    ["process.signal: { signal: HUP }\n        where: fetch", "where: there is no service fetch"],
    ["process.signal: { signal: HUP }", "write where: the service that it acts on; there are node, plc"],
    [
      "process.signal: { signal: HUP }\n        where: { random: 3, of: all }",
      "where.random: there are only 2 to choose from",
    ],
    ["process.signal: { signal: HUP }\n        where: { on_of: all }", "where: write a name, a list of names, all"],
    [
      "tcp.refuse: {}\n        tcp.drip: { rate: 1B/s }",
      "write exactly one fault, such as tcp.latency: { delay: 100ms }",
    ],
    ["tcp.refuse: {}\n        evry: 5s", "evry: there is no key evry here: did you mean every?"],
    ["tcp.refuse: {}\n        every: 0s", "every: write a time above 0, such as 5s"],
    ["tcp.refuse: {}\n        every: { normal: [1ms, 0ms] }", "every: this makes more than 10000 occurrences"],
    [
      "tcp.refuse: {}\n        every: 1ms",
      "every: this makes more than 10000 occurrences: write a longer time, or times",
    ],
    ["tcp.refuse: {}\n        times: 3", "times: leave out times: without every or when the step happens once"],
    [
      "tcp.refuse: {}\n        when: node.exited\n        every: 3s",
      "every: leave out every: this step happens when its condition is true",
    ],
    [
      "tcp.refuse: {}\n        when: node.exited\n        while: node.exited",
      "write only one of when, while and after",
    ],
    ["tcp.refuse: {}\n        when: node.exitd", "when: node has no exitd: did you mean exited?"],
    [
      "tcp.refuse: {}\n        while: node.ping",
      "while: node.ping is an event: write a condition on it, such as node.ping.count > 0",
    ],
    ["tcp.refuse: {}\n        after: nobody", "after: there is no step nobody in this phase or before: there are none"],
    [
      "tcp.refuse: {}\n        after: phase.warmup",
      "after: there is no phase warmup before this one: did you mean warm-up?",
    ],
    ["tcp.refuse: {}\n        after: phase.storm", "after: there is no phase storm before this one: there is warm-up"],
    [
      "tcp.refuse: {}\n        after: tcp.refuse + 3s",
      "after: tcp.refuse waits for this step, and this one for tcp.refuse: write at instead",
    ],
    ["tcp.refuse: {}\n        until: phase.end - 10", "until:"],
    ["tcp.reset: {}\n        probability: 50", "probability: write a share from 0% to 100%, such as 5%"],
    ["tcp.refuse: {}\n        name: storm", "name: there is a phase called storm already: choose another name"],
    [
      "tcp.refuse: {}\n      - tcp.refuse: {}",
      "faults[1]: there is a step called tcp.refuse already: write a name, such as name: second",
    ],
    [
      "tcp.refuse: {}\n      - tcp.drip: { rate: 1B/s }\n        after: tcp.refuse.ended",
      "tcp.refuse lasts to the end of the phase, so that nothing comes after it",
    ],
    ["choose: [{ tcp.refuse: {} }, { process.kill: {} }]", "write faults of one plane in one step"],
    ["choose: [{ weight: 0, tcp.refuse: {} }]", "choose[0].weight: write a weight above 0"],
    ["tcp.refuse: {}\n        nth: 3", "nth: leave out nth: this fault shuts the door, for everybody"],
    [
      "tcp.unanswered: {}\n        direction: both",
      "direction: leave out direction: this fault silences the door, for everybody",
    ],
    [
      "tcp.connections: { most: 1 }\n        direction: downstream",
      "direction: leave out direction: tcp.connections acts upstream only, and would hit nothing",
    ],
    [
      "tcp.intruder: { what: scan }\n        first: 3",
      "first: leave out first: this fault makes connections of its own, and chooses among no others",
    ],
    ["choose: []", "choose: write at least one choice"],
    [
      "process.kill: {}\n        where: node\n        for: 3s",
      "for: leave out for: process.kill happens at one moment and has no length",
    ],
    ["process.pause: {}\n        where: node\n        nth: 3", "nth: leave out nth: it chooses connections"],
  ])("%s", async (step, message) => {
    expect(await problemsIn(withStep(step))).toEqual([expect.stringContaining(message)]);
  });

  test.each([
    ["services: { node: {} }", "services.node: write what to run: exactly one of program, command, image and build"],
    ["services: { node: { program: nope.ts } }", "services.node.program: there is no file nope.ts"],
    [
      "services: { node: { program: node.ts, subject: nope.yaml } }",
      "services.node.subject: there is no file nope.yaml",
    ],
    ["services: { node: { command: [] } }", "services.node.command: write the command and its arguments"],
    [
      "services: { node: { command: [a, $port] } }",
      "services.node.command[1]: there is no parameter port: there are none",
    ],
    [
      "services: { node: { command: [a], ready: { prt: 1 } } }",
      "services.node.ready.prt: there is no key prt here: did you mean port?",
    ],
    [
      "services: { node: { command: [a], ready: { port: 70000 } } }",
      "services.node.ready.port: write a port between 1 and 65535",
    ],
    ["services: { constructor: { command: [a] } }", "services.constructor: choose another name"],
    [
      "services: { run: { command: [a] } }",
      "services.run: choose another name: expressions use this word for something else",
    ],
    [
      "services: { a: { command: [a] } }\nobserve: { a: { service: a, line: x, as: event } }",
      "observe.a: a is the name of a service already: choose another one",
    ],
    [
      "services: { a: { command: [a] } }\nobserve: { b: { service: a, line: '(', as: event } }",
      "observe.b.line: write a regular expression",
    ],
    [
      "services: { a: { command: [a] } }\nobserve: { b: { service: a, as: event } }",
      "observe.b: write where to look: exactly one of event, line, file, http and tcp",
    ],
    [
      "steady: [{ never: run.time > 3s }]",
      "steady[0].never: write always: the steady state is what is true all the time",
    ],
    ["expect: [{ always: run.time }]", "expect[0].always: this is of type duration: write a condition"],
    ["expect: [{ always: run.time < }]", "expect[0].always:"],
    ["expect: [{ always: run.time < 3s, within: 3s }]", "expect[0].within: leave out within: always has no deadline"],
    ["expect: [{ whenever: run.time < 3s, within: 3s }]", "expect[0]: write what must be so then"],
    [
      "expect: [{ always: run.time < 3s, tolerate: 3 }]",
      "expect[0].tolerate: leave out tolerate: it goes with whenever",
    ],
    [
      "expect: [{ eventually: run.time < 3s, within: 3s, for: 3s }]",
      "expect[0].for: leave out for: it goes with always and never",
    ],
    [
      "override: { phases: [{ name: a, until: steady, timeout: 1m }] }",
      "phases[0].until: write at the top what is steady",
    ],
    ["seed: seven", "seed: write"],
    ["seed: -1", "seed: write a number of at least 0"],
    ["tier: dayly", "tier: write commit or nightly"],
    ["worlds: [moon]", `worlds[0]: write the name of a world: ${worldNames.join(", ")}`],
    ["requires: [luck]", "requires[0]: write what the plan needs: programs"],
    ["abort: [{ wen: x }]", "abort[0].wen: there is no key wen here: did you mean when?"],
    ["params: { a: { help: x } }", "params.a: write its default"],
    ["let: { a: $b, b: $a }", "refers to itself"],
    ["let: { a: = 3 + }", "let.a:"],
    ["matrix: { a: [] }", "matrix.a: write at least one value"],
    ["matrix: { a: 3 }", "matrix.a: write a list of values"],
    ["matrix: { a: [1, 2], include: [{ a: 1, b: 2 }] }", "matrix: some cells have no b"],
    [`matrix: { a: [${"1,".repeat(40)}], b: [${"1,".repeat(40)}] }`, "matrix: this makes 1600 runs"],
    [
      "controls: [{ service: node, without: x, fails: y }]\nservices: { node: { command: [a] } }\nexpect: [{ name: y, never: run.time > 9h }]",
      "controls[0].service: node has no guards",
    ],
  ])("%s", async (text, message) => {
    const problems = await problemsIn(`plan: p\n${phases}${text}\n`);
    expect(problems.join("\n")).toContain(message);
  });

  test("a mistake in a subject file is reported in that file", async () => {
    const problems = await problemsIn(`plan: p\n${twoServices}${phases}`, {
      "subject.yaml": "subject: x\nsignals:\n  a: { event: e, az: int }\n",
    });
    expect(problems).toContain("subject.yaml:3:18 signals.a.az: there is no key az here: did you mean as?");
  });

  test("an error inside of an expression points at its character", async () => {
    const problems = await problemsIn(
      `plan: p\n${twoServices}${phases}expect:\n  - always: "node.alive && node.slivvers == 3"\n`,
    );
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^plan\.yaml:11:33 expect\[0\]\.always: .*slivvers/);
  });
});

const including = (more: string): string => `plan: p\ninclude: [a.yaml]\n${phases}${more}`;

describe("include", () => {
  test("maps merge and lists append, included ones first", async () => {
    const parsed = await parseText(including("services: { b: { command: [b] } }\nexpect: [{ never: b.exited }]\n"), {
      "a.yaml": "services: { a: { command: [a] } }\nexpect: [{ never: a.exited }]\n",
    });
    expect(Object.keys(parsed.services)).toEqual(["a", "b"]);
    expect(parsed.expect.map(({ text }) => text)).toEqual(["never a.exited", "never b.exited"]);
  });

  test("a scalar that was set is changed under override only, where lists are replaced", async () => {
    const library = { "a.yaml": "services: { a: { command: [a], start_timeout: 1s } }\n" };
    expect(await problemsIn(including("services: { a: { start_timeout: 2s } }\n"), library)).toEqual([
      "plan.yaml:5:33 services.a.start_timeout: a.yaml:1 has set this already: write it under override: to change it",
    ]);
    const parsed = await parseText(
      including("override: { services: { a: { start_timeout: 2s, command: [b] } } }\n"),
      library,
    );
    expect(parsed.services["a"]).toMatchObject({ start_timeout: 2000, command: ["b"] });
  });

  test("a problem in an included file is reported there", async () => {
    expect(await problemsIn(including(""), { "a.yaml": "services:\n  a: { comand: [a] }\n" })).toContain(
      "a.yaml:2:8 services.a.comand: there is no key comand here: did you mean command?",
    );
  });

  test("a missing file, a circle and a wrong list are problems where they are written", async () => {
    expect(await problemsIn(including(""))).toEqual(["plan.yaml:2:11 include: a.yaml: there is no such file"]);
    expect(
      await problemsIn(including(""), { "a.yaml": "include: [./b.yaml]\n", "b.yaml": "include: [a.yaml]\n" }),
    ).toEqual(["b.yaml:1:11 include: a.yaml includes this file again: take one of the two out"]);
    expect(await problemsIn(`plan: p\ninclude: a.yaml\n${phases}`)).toContain(
      "plan.yaml:2:10 include: write a list of files, such as [../lib/one-node.yaml]",
    );
  });

  test("a file that is included on two ways is read once", async () => {
    const parsed = await parseText(`plan: p\ninclude: [b.yaml, c.yaml]\n${phases}`, {
      "a.yaml": "expect: [{ never: run.time > 1h }]\n",
      "b.yaml": "include: [a.yaml]\nservices: {}\n",
      "c.yaml": "include: [a.yaml]\nlinks: {}\n",
    });
    expect(parsed.expect).toHaveLength(1);
  });

  test("paths count from the file that they are written in", async () => {
    const read = readFrom({
      "plans/one/plan.yaml": `plan: p\ninclude: [../lib/a.yaml]\n${phases}`,
      "plans/lib/a.yaml": "services: { a: { program: ./a.ts } }\n",
      "plans/lib/a.ts": "",
      "plans/lib/subject.yaml": "subject: a\n",
    });
    const parsed = await parsePlan("plans/one/plan.yaml", read);
    expect(parsed.services["a"]).toMatchObject({ program: "plans/lib/a.ts", subject: { subject: "a" } });
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

const problemsOf = (step: string): Promise<readonly string[]> =>
  problemsIn(`plan: p\n${twoServices}\nphases:\n  - name: storm\n    for: 60s\n    faults:\n      - ${step}\n`);

describe("faults of services", () => {
  test.each([
    ["disk.power-loss: {}", "disk.power-loss acts on programs only, and plc is a command: use process.kill"],
    ["disk.full: {}", "disk.full acts on programs only, and plc is a command: "],
    ["limits.processes: { to: 3 }", "limits.processes acts on programs only, and plc is a command: "],
    ["limits.open-files: { to: 40 }", "write may_miss: true, and expect what shows it: "],
  ])("%s of a command is refused with what to write instead, wherever it may hit one", async (fault, message) => {
    for (const where of ["plc", "[node, plc]", "all", "{ one_of: all }", "{ random: 1, of: [plc, node] }"]) {
      const problems = await problemsOf(`${fault.replace(/-(?=[\w-]*:)/g, "_")}\n        where: ${where}`);
      expect(problems).toEqual([expect.stringContaining(message)]);
    }
    expect(await problemsOf(`${fault.replace(/-(?=[\w-]*:)/g, "_")}\n        where: node`)).toEqual([]);
  });

  test("a path may lead nowhere but into the service's directory", async () => {
    expect(await problemsOf("disk.delete: { path: ../other }\n        where: node")).toEqual([
      expect.stringContaining("write a path within the service's directory"),
    ]);
    expect(await problemsOf('disk.delete: { path: { choice: ["*.json", state] } }\n        where: plc')).toEqual([]);
  });

  test("keys that choose connections have nothing to choose from", async () => {
    expect(await problemsOf("cpu.freeze: {}\n        where: plc\n        probability: 5%")).toEqual([
      expect.stringContaining("leave out probability: it chooses connections, and this fault acts on a service"),
    ]);
  });
});
