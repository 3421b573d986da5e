import { expect, test } from "vitest";
import { parseText } from "../plan/plan.testing.ts";
import { argumentsOf } from "./program.ts";

test("a program is started with what its subject says, then with its own arguments, then without its guards", async () => {
  const plan = `
plan: p
services: { a: { program: a.ts, args: [--bind, 10.0.0.1] } }
phases: [{ name: x, for: 1s }]
`;
  const files = { "a.ts": "", "subject.yaml": "subject: a\nargs: [--bind, 0.0.0.0]\nguards: { g: G. }\n" };
  const { services } = await parseText(plan, files);
  const started = argumentsOf(services["a"] ?? { args: [] }, { without: ["g"], doorOf: () => "" });
  expect(started.join(" ")).toBe("--bind 0.0.0.0 --bind 10.0.0.1 --without g");
});
