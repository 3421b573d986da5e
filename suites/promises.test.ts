/**
 * What this house promises of its plans: each is one of its own, each guard and each invariant is proven, each failure of the field is there, and the
 * README leads to all of them.
 */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { loadPlans } from "../harness/cli/plans.ts";
import type { Plan } from "../harness/plan/schema.ts";

const root = join(import.meta.dirname, "..");
const loaded = await loadPlans([import.meta.dirname]);
const files = loaded.map(({ file }) => relative(root, file));
const plans = loaded.map(({ plan }) => plan);

/** What runs and what goes wrong when, whatever it is called, drawn from, and expected of it. */
function eventsOf({ document }: Plan): string {
  const said = new Set(["plan", "about", "seed", "steady", "expect", "controls", "abort", "tier", "worlds"]);
  return JSON.stringify(Object.entries(document).filter(([key]) => !said.has(key)));
}

test("no two plans have the same schedule: what two expect of one is one plan", () => {
  const seen = new Map<string, string[]>();
  for (const [n, plan] of plans.entries())
    seen.set(eventsOf(plan), [...(seen.get(eventsOf(plan)) ?? []), files[n] ?? ""]);
  expect([...seen.values()].filter((same) => same.length > 1)).toEqual([]);
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

/** Guards that a control switches off alone: with others, nobody knows which of them it was. That such a control is red, `npm start` shows. */
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

test("each failure of the field is a plan, with its year in what it is about", () => {
  const inField = loaded.filter(({ file }) => file.includes("/field-failures/"));
  const there = new Set(inField.flatMap(({ file }) => [...basename(file).matchAll(/f-(\d\d)/g)].map(([, n]) => n)));
  const all = Array.from({ length: 35 }, (_, n) => String(n + 1).padStart(2, "0"));
  expect(all.filter((n) => !there.has(n)).map((n) => `F-${n}`)).toEqual([]);
  expect(inField.filter(({ plan }) => !/\b(19|20)\d\d\b/.test(plan.about ?? "")).map(({ file }) => file)).toEqual([]);
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
