import {
  assert,
  constantFrom,
  dictionary,
  integer,
  letrec,
  oneof,
  property,
  string,
  array,
  boolean,
  constant,
} from "fast-check";
import { expect, test } from "vitest";
import { runs } from "../../host/night.testing.ts";
import { toPlain } from "./tree.ts";
import type { Written } from "./schema.ts";
import { writeYaml } from "./write-yaml.ts";
import { readYaml } from "./yaml.ts";

test("reads as a person would have written it", () => {
  const plan = {
    plan: "a-plan",
    about: `What it shows, ${"in many words and ".repeat(8)}so that it needs more than a line.`,
    seed: 7,
    services: { node: { program: "main.ts", args: ["--listen", "812", "a, b"] }, web: { command: ["true"], env: {} } },
    steady: [{ always: "node.ping.age < 3s" }, { always: "node.alive", for: "5s" }],
    phases: [
      { name: "warm-up", until: "steady", timeout: "20s" },
      {
        name: "storm",
        for: "5s",
        faults: [{ "process.signal": { signal: "HUP", count: 2 }, name: "storm#3", at: "1s" }],
      },
    ],
    expect: [{ never: 'fault("storm").hits > 3 && true' }],
  };
  expect(writeYaml(plan)).toMatchInlineSnapshot(`
    "plan: a-plan
    about: >-
      What it shows, in many words and in many words and in many words and in many words and in many words and in
      many words and in many words and in many words and so that it needs more than a line.
    seed: 7
    services:
      node: { program: main.ts, args: [--listen, "812", "a, b"] }
      web:
        command: ["true"]
        env: {}
    steady:
      - always: node.ping.age < 3s
      - { always: node.alive, for: 5s }
    phases:
      - { name: warm-up, until: steady, timeout: 20s }
      - name: storm
        for: 5s
        faults:
          - process.signal: { signal: HUP, count: 2 }
            name: storm#3
            at: 1s
    expect:
      - never: fault("storm").hits > 3 && true
    "
  `);
  expect(readBack(writeYaml(plan))).toEqual(plan);
});

function readBack(text: string): unknown {
  const { tree, problems } = readYaml("plan.yaml", text);
  expect(problems).toEqual([]);
  return tree === undefined ? undefined : toPlain(tree);
}

test("whatever is written is read back as the very same", () => {
  const text = oneof(
    string({ unit: "binary" }),
    string(),
    constantFrom(
      "on",
      "~",
      "1e3",
      "0x10",
      "a: b",
      "a #b",
      "- a",
      "=",
      "<<",
      "",
      " ",
      "word ".repeat(40).trim(),
      "a\nb",
      "&a",
      "*a",
      "!t",
      "null",
    ),
  );
  const key = text.filter((name) => name !== "__proto__");
  const { value } = letrec<{ value: Written; text: string }>((tie) => ({
    value: oneof(
      { maxDepth: 4 },
      text,
      integer(),
      boolean(),
      constant(null),
      array(tie("value"), { maxLength: 4 }),
      dictionary(key, tie("value"), { maxKeys: 4 }),
    ),
    text,
  }));
  assert(
    property(dictionary(key, value, { minKeys: 1, maxKeys: 4 }), (data) => {
      const plain = structuredClone(data);
      expect(readBack(writeYaml(plain))).toEqual(plain);
    }),
    runs(1000),
  );
});
