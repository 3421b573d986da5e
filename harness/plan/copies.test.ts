import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { bindPlan } from "./parse.ts";
import { expandCopies } from "./copies.ts";
import { parseText, problemsIn } from "./plan.testing.ts";
import type { Raw } from "./raw.ts";

const expand = (text: string) => expandCopies(parse(text) as Raw);

const each = (make: (n: number) => object): readonly object[] => [make(1), make(2)];

describe("in the document", () => {
  test("nothing changes where there are no copies", () => {
    const document = { services: { node: { program: "node.ts" } } };
    expect(expandCopies(document).document).toBe(document);
  });

  test("a service stands for its copies, and its links for those of its copies", () => {
    const { document, copies } = expand(`
services: { a: { command: [a] }, node: { program: node.ts, copies: 2, args: [-v] }, z: { command: [z] } }
links:
  look: { from: a, to: z, proto: tcp, port: 1 }
  fetch: { from: node, to: z, proto: tcp, port: 2, name: z.test }
  call: { from: a, to: node_2, proto: tcp, port: 3 }
`);
    expect(document).toEqual({
      services: {
        a: { command: ["a"] },
        node_1: { program: "node.ts", args: ["-v"] },
        node_2: { program: "node.ts", args: ["-v"] },
        z: { command: ["z"] },
      },
      links: {
        look: { from: "a", to: "z", proto: "tcp", port: 1 },
        fetch_1: { from: "node_1", to: "z", proto: "tcp", port: 2, name: "z.test" },
        fetch_2: { from: "node_2", to: "z", proto: "tcp", port: 2, name: "z.test" },
        call: { from: "a", to: "node_2", proto: "tcp", port: 3 },
      },
    });
    expect([...copies]).toEqual([
      ["node", ["node_1", "node_2"]],
      ["fetch", ["fetch_1", "fetch_2"]],
    ]);
    expect(Object.keys(document["services"] ?? {})).toEqual(["a", "node_1", "node_2", "z"]);
  });

  const two =
    "services: { node: { copies: 2, program: n }, plc: { program: p } }\nlinks: { fetch: { from: node, to: plc } }\n";

  test.each([
    ["node", ["node_1", "node_2"]],
    ["fetch", ["fetch_1", "fetch_2"]],
    ["[plc, node]", ["plc", "node_1", "node_2"]],
    ["{ one_of: [node, plc] }", { one_of: ["node_1", "node_2", "plc"] }],
    ["{ random: 2, of: [node] }", { random: 2, of: ["node_1", "node_2"] }],
    ["node_2", "node_2"],
    ["all", "all"],
    ["{ one_of: all }", { one_of: "all" }],
  ])("where: %s means each of them", (where, expected) => {
    const { document } = expand(`${two}phases: [{ faults: [{ none: {}, where: ${where} }] }]\nmix: { where: [node] }`);
    expect(document).toMatchObject({
      phases: [{ faults: [{ none: {}, where: expected }] }],
      mix: { where: ["node_1", "node_2"] },
    });
  });

  test("an expectation that speaks of it is one for each copy, wherever it stands", () => {
    const { document } = expand(`${two}
steady: [{ always: node.alive }]
phases: [{ expect: [{ sometimes: node.exited }], faults: [{ expect: [{ at_end: plc.alive }, { never: node.exited }] }] }]
expect:
  - always: plc.alive
  - whenever: node.exited && fetch.connections > 0
    then: node.alive
    within: 3s
  - never: node_2.exited
  - always: '"node.x" == node.text'
    name: texts are right
`);
    expect(document).toMatchObject({
      steady: each((n) => ({ always: `node_${n}.alive` })),
      phases: [
        {
          expect: each((n) => ({ sometimes: `node_${n}.exited` })),
          faults: [{ expect: [{ at_end: "plc.alive" }, ...each((n) => ({ never: `node_${n}.exited` }))] }],
        },
      ],
      expect: [
        { always: "plc.alive" },
        ...each((n) => ({
          whenever: `node_${n}.exited && fetch_${n}.connections > 0`,
          // oxlint-disable-next-line unicorn/no-thenable -- a word of the language; its value is a text.
          then: `node_${n}.alive`,
          within: "3s",
        })),
        { never: "node_2.exited" },
        ...each((n) => ({ always: `"node.x" == node_${n}.text`, name: `texts are right of node_${n}` })),
      ],
    });
  });

  test.each([
    ["{ service: node, without: x, fails: never   node.exited }", { service: "node_1", fails: "never node_1.exited" }],
    ["{ service: node_2, without: x, fails: never node.exited }", { service: "node_2", fails: "never node_2.exited" }],
    ["{ service: node, without: x, fails: never node_2.exited }", { service: "node_1", fails: "never node_2.exited" }],
    ["{ service: node, without: x, fails: it works }", { service: "node_1", fails: "it works of node_1" }],
    ["{ service: node, without: x, fails: always plc.alive }", { service: "node_1", fails: "always plc.alive" }],
    ["{ service: plc, without: x, fails: never node.exited }", { service: "plc", fails: "never node.exited" }],
    [
      "{ service: node, without: x, fails: whenever node.exited then node.alive }",
      { service: "node_1", fails: "whenever node_1.exited then node_1.alive" },
    ],
  ])("the control %s is one of a single copy", (control, expected) => {
    const { document } = expand(`${two}
expect:
  - never: node.exited
  - { always: node.alive, name: it works }
  - { whenever: node.exited, then: node.alive, within: 3s }
controls: [${control}]`);
    expect(document["controls"]).toEqual([{ ...expected, without: "x" }]);
  });

  test("what was moved is found where it was written", () => {
    const { writtenAt } = expand(`${two}
expect: [{ always: plc.alive }, { always: plc.alive && node.alive && node.ready }, { never: plc.exited }]
phases: [{ faults: [{ where: [node, plc] }, { where: node }] }]`);
    expect(writtenAt(["services", "node_2", "program"])).toMatchObject({ path: ["services", "node", "program"] });
    expect(writtenAt(["links", "fetch_1", "to"])).toMatchObject({ path: ["links", "fetch", "to"] });
    expect(writtenAt(["expect", 3, "never"], 4)).toEqual({ path: ["expect", 2, "never"], offset: 4 });
    // Behind `plc.alive && node_2.alive && node_2`.
    expect(writtenAt(["expect", 2, "always"], 40)).toEqual({ path: ["expect", 1, "always"], offset: 36 });
    expect(writtenAt(["phases", 0, "faults", 0, "where", 2])).toMatchObject({
      path: ["phases", 0, "faults", 0, "where", 1],
    });
    expect(writtenAt(["phases", 0, "faults", 1, "where", 1])).toMatchObject({
      path: ["phases", 0, "faults", 1, "where"],
    });
  });
});

const plan = (rest: string): string => `plan: p
services:
  node: { program: node.ts, copies: 3 }
  web: { command: [web], copies: 2 }
  plc: { command: [plc] }
links:
  fetch: { from: node, to: plc, proto: tcp, port: 443 }
${rest}`;
const rest = "phases: [{ name: rest, for: 60s }]\n";

test("copies are told apart by their numbers, where the plan says so", () => {
  const { document } = expandCopies({
    services: {
      node: { program: "node.ts", copies: 2, args: ["--node-id", "$copy"], env: { OWN: "$copy", OTHER: "$copies" } },
    },
  });
  expect(document["services"]).toEqual({
    node_1: { program: "node.ts", args: ["--node-id", "1"], env: { OWN: "1", OTHER: "$copies" } },
    node_2: { program: "node.ts", args: ["--node-id", "2"], env: { OWN: "2", OTHER: "$copies" } },
  });
});

test("a plan with copies is a plan of so many services, in every cell", async () => {
  const parsed = await parseText(
    plan(`matrix: { gap: [1s, 2s] }
phases:
  - name: storm
    for: 60s
    faults:
      - tcp.latency: { delay: $gap }
        where: fetch
      - process.kill: {}
        where: { random: 2, of: [node, plc] }
        when: node_2.started
expect:
  - eventually: node.slivers == []
    within: $gap
controls:
  - { service: node, without: reopen-log-on-hup, fails: "eventually node.slivers == []" }
  - { service: node, also: [node, plc], without: reopen-log-on-hup, fails: "eventually node.slivers == []" }
`),
  );
  const bound = bindPlan(parsed, { seed: 1, cell: { gap: "2s" }, params: {} });
  expect(Object.keys(bound.services)).toEqual(["node_1", "node_2", "node_3", "web_1", "web_2", "plc"]);
  expect(bound.services["node_3"]).toMatchObject({ program: "node.ts", subject: { subject: "node-manager" } });
  expect(bound.services["node_3"]).not.toHaveProperty("copies");
  expect(bound.phases[0]?.faults.map(({ where }) => where)).toEqual([
    { names: ["fetch_1", "fetch_2", "fetch_3"], count: 3 },
    { names: ["node_1", "node_2", "node_3", "plc"], count: 2 },
  ]);
  expect(bound.expect.map(({ text }) => text)).toEqual([
    "eventually node_1.slivers == []",
    "eventually node_2.slivers == []",
    "eventually node_3.slivers == []",
  ]);
  expect(bound.expect[2]).toMatchObject({ within: 2000 });
  expect(bound.controls).toEqual([
    { service: "node_1", without: ["reopen-log-on-hup"], fails: "eventually node_1.slivers == []" },
    {
      service: "node_1",
      also: ["node_1", "node_2", "node_3", "plc"],
      without: ["reopen-log-on-hup"],
      fails: "eventually node_1.slivers == []",
    },
  ]);
});

describe("one mistake, one sentence, where it was written", () => {
  test.each([
    [
      `${rest}expect:\n  - always: plc.alive && node.alive\n  - always: plc.alive && node.aliv\n`,
      "plan.yaml:11:31 expect[1].always: node_1 has no aliv: did you mean alive?",
    ],
    [
      `${rest}expect:\n  - always: node.alive && web.alive\n`,
      "plan.yaml:10:13 expect[0].always: node stands for node_1 to node_3: write the one that is meant, such as node_2",
    ],
    [
      `phases: [{ name: rest, until: node.alive, timeout: 1s }]`,
      "plan.yaml:8:31 phases[0].until: node stands for node_1 to node_3: write the one that is meant, such as node_2",
    ],
    [
      `${rest}abort: [{ when: web.exited }]\n`,
      "plan.yaml:9:17 abort[0].when: web stands for web_1 and web_2: write the one that is meant, such as web_2",
    ],
    [
      `  look: { from: node, to: web, proto: tcp, port: 80 }\n${rest}`,
      "plan.yaml:8:27 links.look.to: web stands for web_1 and web_2: write the one that is meant, such as web_2",
    ],
    [
      `${rest}observe: { up: { service: node, line: up, as: event } }\n`,
      "plan.yaml:9:27 observe.up.service: node stands for node_1 to node_3: write the one that is meant",
    ],
    [
      `  look: { from: node, to: plcc, proto: tcp, port: 80 }\n${rest}`,
      "plan.yaml:8:27 links.look.to: there is no service plcc: did you mean plc?",
    ],
    [
      "phases: [{ name: a, for: 1s, faults: [{ process.kill: {}, where: [node, nobody] }] }]",
      "plan.yaml:8:73 phases[0].faults[0].where[1]: there is no service nobody",
    ],
    [
      `services: { node: { copies: $n } }\nparams: { n: { default: 3 } }\n${rest}`,
      "services.node.copies: write a number, such as 3: how many copies there are can't be drawn, nor be a parameter",
    ],
  ])("%s", async (text, message) => {
    const whole = text.startsWith("services")
      ? `plan: p\n${text.replace("node: {", "node: { command: [a],")}`
      : plan(text);
    expect(await problemsIn(whole)).toEqual([expect.stringContaining(message)]);
  });

  const alone = (service: string, more = ""): string => `plan: p\nservices:\n  node: ${service}\n${more}${rest}`;

  test.each([
    [
      "{ comand: [a], copies: 3 }",
      "",
      "plan.yaml:3:11 services.node.comand: there is no key comand here: did you mean command?",
    ],
    ["{ program: nope.ts, copies: 3 }", "", "plan.yaml:3:20 services.node.program: there is no file nope.ts"],
    ["{ command: [a], copies: 0 }", "", "services.node.copies: write 1 or more"],
    ["{ command: [a], copies: 501 }", "", "services.node.copies: write 500 at most"],
    ["{ command: [a], copies: 1.5 }", "", "services.node.copies: write how many copies there are, such as 3"],
    ["{ command: [a], copies: three }", "", "services.node.copies: write"],
    [
      "{ image: a, copies: 2, ports: [80] }",
      "",
      "services.node.ports: leave out ports: node has 2 copies, and only one of them",
    ],
    [
      "{ command: [a], copies: 2 }",
      "  node_2: { command: [b] }\n",
      "plan.yaml:4:11 services.node_2: a copy of node is called node_2 already",
    ],
  ])("%s", async (service, more, message) => {
    expect((await problemsIn(alone(service, more)))[0]).toContain(message);
  });
});
