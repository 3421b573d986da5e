import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { guardMeanings as guardsOfAgent } from "./agent/guards.ts";
import { guardMeanings as guardsOfMonitor } from "./monitor/guards.ts";
import { guardMeanings as guardsOfVerifier } from "./verifier/guards.ts";
import { createGuards, guardMeanings } from "./node-manager/guards.ts";

const programs = [
  { program: "node-manager", meanings: guardMeanings },
  { program: "monitor", meanings: guardsOfMonitor },
  { program: "agent", meanings: guardsOfAgent },
  { program: "verifier", meanings: guardsOfVerifier },
];

describe.each(programs)("$program", ({ program, meanings }) => {
  const folder = join(import.meta.dirname, program);
  const sources = readdirSync(folder)
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
    .map((name) => readFileSync(join(folder, name), "utf8"))
    .join("\n");

  test("the subject file says the same of each guard", () => {
    const subject: unknown = parse(readFileSync(join(folder, "subject.yaml"), "utf8"));
    expect(subject).toMatchObject({ guards: meanings });
  });

  test.for(Object.keys(meanings))("%s guards one place, and nothing runs only without it", (name) => {
    expect(sources.split(`guards.has("${name}")`)).toHaveLength(2);
    expect(sources).not.toContain(`!guards.has("${name}")`);
  });
});

test("an unknown guard is refused, with the ones that there are", () => {
  expect(() => createGuards(["atomic-save", "atomic-sav"])).toThrow(
    "--without atomic-sav: there is no such guard; write one of fetch-total-deadline, ",
  );
});
