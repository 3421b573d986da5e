/**
 * What this house promises of its plans: each is one of its own, each guard and each invariant is proven, each failure of the field is there, and the
 * README leads to all of them.
 */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { bindCells, loadPlans } from "../harness/cli/plans.ts";
import { parseText } from "../harness/plan/plan.testing.ts";
import { scheduleOf } from "./schedule-of.testing.ts";

const root = join(import.meta.dirname, "..");
const loaded = await loadPlans([import.meta.dirname]);
const files = loaded.map(({ file }) => relative(root, file));
const plans = loaded.map(({ plan }) => plan);

test("no two plans have the same schedule, in any cell: what two expect of one is one plan", () => {
  const bound = loaded.flatMap((each) => bindCells(each, { seed: 1 }));
  const same = [...Map.groupBy(bound, scheduleOf).values()].map((group) => new Set(group.map(({ file }) => file)));
  expect(same.filter((group) => group.size > 1).map((group) => [...group])).toEqual([]);
});

async function scheduleIn(text: string): Promise<string> {
  return scheduleOf({ plan: await parseText(text, { "node.ts": "", "plc.ts": "" }), cell: {} });
}

test("a schedule is the same however it is written, and another if anything in it is", async () => {
  const written = `
    plan: one
    params: { gap: { default: 3s } }
    services:
      node: { program: node.ts, args: [--poll, 1m, --listen, "80"] }
      plc: { program: plc.ts, start_timeout: 10s }
    links: { fetch: { from: node, to: plc, proto: https, port: 443 } }
    phases:
      - name: storm
        for: 60s
        faults:
          - { tcp.latency: { delay: $gap }, where: fetch, every: 10s..20s, for: 1s }
          - { process.pause: {}, where: node, name: stands-still, when: fetch.connections > 1 }
          - { process.kill: {}, where: plc, after: stands-still + 1s }
      - { name: calm, for: 30s }`;
  const reworded = `
    plan: other
    about: Something else.
    services:
      central: { program: plc.ts }
      daemon: { args: [--listen, "80", --poll, 60s], program: node.ts }
    links: { way: { port: 443, proto: https, to: central, from: daemon } }
    phases:
      - for: 1m
        faults:
          - { where: daemon, when: way.connections > 1, process.pause: {}, name: pause }
          - { process.kill: {}, where: central, after: pause + 1000ms }
          - { tcp.latency: { jitter: 0ms, delay: 3000ms }, where: [way], every: { uniform: [10s, 20s] }, for: 1000ms }
        name: other-storm
      - { for: 30s, name: other-calm }
    expect:
      - never: daemon.exited`;
  expect(await scheduleIn(reworded)).toBe(await scheduleIn(written));
  for (const [from, to] of [
    ["default: 3s", "default: 4s"],
    ["--poll, 1m", "--poll, 2m"],
    ["where: plc,", "where: node,"],
    ["stands-still + 1s", "stands-still + 2s"],
    ["every: 10s..20s, ", ""],
    ["      - name: storm", "      - { name: before, for: 30s }\n      - name: storm"],
    [/( *- name: storm[^]*)\n( *- . name: calm.*)/, "$2\n$1"],
  ] as const)
    expect(await scheduleIn(written.replace(from, to))).not.toBe(await scheduleIn(written));
});

interface Guard {
  /** `node-manager atomic-save`. */
  readonly name: string;
  /** Of reference/planetlab.md, section 4: a meaning ends with those that it keeps, such as (I18, I19). */
  readonly invariants: readonly string[];
}

const guards: readonly Guard[] = readdirSync(join(root, "planetlab"), { recursive: true, encoding: "utf8" })
  .filter((path) => basename(path) === "subject.yaml")
  .flatMap((path) => {
    const subject = parse(readFileSync(join(root, "planetlab", path), "utf8")) as {
      readonly subject: string;
      readonly guards?: Readonly<Record<string, string>>;
    };
    return Object.entries(subject.guards ?? {}).map(([guard, meaning]) => ({
      name: `${subject.subject} ${guard}`,
      invariants: meaning.match(/\bI\d+\b/g) ?? [],
    }));
  });

/** Guards that a control switches off alone: with others, nobody knows which of them it was. That such a control is red, `.ci/run` shows. */
const proven = new Set(
  plans.flatMap(({ services, controls }) =>
    controls
      .filter(({ without }) => without.length === 1)
      .map(({ service, without }) => `${services[service]?.subject?.subject} ${without[0]}`),
  ),
);

test("each guard is proven by a control that switches off nothing else", () => {
  expect(guards.map(({ name }) => name).filter((name) => !proven.has(name))).toEqual([]);
});

/** I44 is a test of its own (planetlab/classifier), I46 is seeds.test.ts: neither has a guard. */
const invariants = Array.from({ length: 45 }, (_, n) => `I${n + 1}`).filter((name) => name !== "I44");

test("each invariant is kept by a guard that is proven", () => {
  const kept = new Set(guards.filter(({ name }) => proven.has(name)).flatMap((guard) => guard.invariants));
  expect(invariants.filter((name) => !kept.has(name))).toEqual([]);
});

test("each failure of the field is a plan, about its date, its story and its lesson", () => {
  const inField = loaded.filter(({ file }) => file.includes("/field-failures/"));
  const there = new Set(inField.flatMap(({ file }) => [...basename(file).matchAll(/f-(\d\d)/g)].map(([, n]) => n)));
  const all = Array.from({ length: 35 }, (_, n) => String(n + 1).padStart(2, "0"));
  expect(all.filter((n) => !there.has(n)).map((n) => `F-${n}`)).toEqual([]);
  const form = /^(?:19|20)\d\d-\d\d(?:-\d\d)?\b[^:]*: \S.+ Lesson: \S.+\.$/s;
  expect(inField.filter(({ plan }) => !form.test(plan.about ?? "")).map(({ file }) => file)).toEqual([]);
});

describe("the README's section on the paper", () => {
  const readme = readFileSync(join(root, "README.md"), "utf8");
  const [, section = ""] = readme.split(/^## The paper, sentence by sentence$/m);
  const named = new Set([...section.matchAll(/\]\((suites\/[^)]+\.yaml)\)/g)].map(([, file = ""]) => file));

  test("names every plan of the seven sins: add a link beside the sentence that it is about", () => {
    expect(files.filter((file) => /^suites\/\d/.test(file) && !named.has(file))).toEqual([]);
  });

  test("names no plan that is not there", () => {
    expect([...named].filter((file) => !files.includes(file))).toEqual([]);
  });

  test("calls each by its file's name", () => {
    const links = [...section.matchAll(/\[([^\]]+)\]\(suites\/[^)]*?([^/)]+)\.yaml\)/g)];
    expect(links.filter(([, text, name]) => text !== name).map(([link]) => link)).toEqual([]);
  });
});
