import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { createGuards, guardMeanings } from "./guards.ts";

const sources = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
  .map((name) => readFileSync(join(import.meta.dirname, name), "utf8"))
  .join("\n");

test("the subject file says the same of each guard", () => {
  const subject: unknown = parse(readFileSync(join(import.meta.dirname, "subject.yaml"), "utf8"));
  expect(subject).toMatchObject({ guards: guardMeanings });
});

test.for(Object.keys(guardMeanings))("%s guards one place, and nothing runs only without it", (name) => {
  expect(sources.split(`guards.has("${name}")`)).toHaveLength(2);
  expect(sources).not.toContain(`!guards.has("${name}")`);
});

test("an unknown guard is refused, with the ones that there are", () => {
  expect(() => createGuards(["atomic-save", "atomic-sav"])).toThrow(
    "--without atomic-sav: there is no such guard; write one of fetch-total-deadline, ",
  );
});
