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
