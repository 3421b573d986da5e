/** What is said of all that stands outside of steps. */
import { describe, expect, test } from "vitest";
import { worldNames } from "../worlds/world.ts";
import { onePhase, problemsIn, twoServices } from "./plan.testing.ts";

describe("one mistake, one sentence", () => {
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
    ["tier: { docker: dayly }", "tier.docker: write commit or nightly"],
    ["tier: { moon: nightly }", "tier.moon: there is no key moon here: there are local, sim, docker"],
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
    const problems = await problemsIn(`plan: p\n${onePhase}${text}\n`);
    expect(problems.join("\n")).toContain(message);
  });

  test("a mistake in a subject file is reported in that file", async () => {
    const problems = await problemsIn(`plan: p\n${twoServices}${onePhase}`, {
      "subject.yaml": "subject: x\nsignals:\n  a: { event: e, az: int }\n",
    });
    expect(problems).toContain("subject.yaml:3:18 signals.a.az: there is no key az here: did you mean as?");
  });

  test("an error inside of an expression points at its character", async () => {
    const problems = await problemsIn(
      `plan: p\n${twoServices}${onePhase}expect:\n  - always: "node.alive && node.slivvers == 3"\n`,
    );
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^plan\.yaml:11:33 expect\[0\]\.always: .*slivvers/);
  });
});
