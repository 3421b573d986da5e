import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { createSchedule } from "../schedule/schedule.ts";
import { explain } from "../schedule/explain.ts";
import { bindPlan, cells, parsePlan } from "./parse.ts";

const page = await readFile(new URL("../../docs/plans.md", import.meta.url), "utf8");
const examples = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(
  ([, text = ""]) => [/^plan: (.*)$/m.exec(text)?.[1] ?? "", text] as const,
);

test("docs/plans.md has its examples", () => {
  expect(examples.length).toBeGreaterThan(4);
});

test.each(examples)("the example %s of docs/plans.md is a good plan, in every cell", async (_name, text) => {
  const read = async (path: string) => (path === "docs/example.yaml" ? new TextEncoder().encode(text) : readFile(path));
  const plan = await parsePlan("docs/example.yaml", read);
  for (const cell of cells(plan)) {
    const bound = bindPlan(plan, { seed: 7, cell, params: {} });
    expect(explain(bound, createSchedule(plan, { seed: 7, cell }))).toContain(plan.plan);
  }
});

test("the faults of docs/plans.md are declared well, and a plan can name them", async () => {
  const [, subject = ""] = /```yaml subject-faults\n(.*?)```/s.exec(page) ?? [];
  const plan = `
plan: p
services: { web: { command: [web], subject: subject.yaml } }
phases: [{ name: out, for: 9s, faults: [{ shop.sold_out: { item: tea } }, { shop.lose_basket:, every: 1s }] }]
`;
  const files: Readonly<Record<string, string>> = { "plan.yaml": plan, "subject.yaml": subject };
  const read = async (path: string) => new TextEncoder().encode(files[path]);
  const parsed = await parsePlan("plan.yaml", read);
  expect(createSchedule(parsed, { seed: 1 }).phases[0]?.steps.map(({ occurrences }) => occurrences.length)).toEqual([
    1, 9,
  ]);
});

test("the subject file of docs/plans.md is a good one, and its signals can be used", async () => {
  const [, subject = ""] = /```yaml subject\n(.*?)```/s.exec(page) ?? [];
  const plan = `
plan: p
services: { web: { command: [web], subject: subject.yaml } }
phases: [{ name: rest, for: 1s }]
expect: [{ never: web.failures > 3 || web.requests.age > 5s || web.healthy.age > 1s }]
controls: [{ service: web, without: retry-on-reset, fails: never web.failures > 3 || web.requests.age > 5s || web.healthy.age > 1s }]
`;
  const files: Readonly<Record<string, string>> = { "plan.yaml": plan, "subject.yaml": subject };
  const read = async (path: string) => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error(`there is no ${path}`), { code: "ENOENT" });
    return new TextEncoder().encode(text);
  };
  const parsed = await parsePlan("plan.yaml", read);
  expect(Object.keys(parsed.services["web"]?.subject?.guards ?? {})).toEqual(["retry-on-reset"]);
});
