/** `sinbin tour`: all plans simulated, some of them with their controls and for real, and one table. */
import { mkdir, mkdtempDisposable, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { sinbin } from "./command.testing.ts";
import { loadPlans } from "./plans.ts";

test("every plan is simulated; what is named is run with its controls there, and for real", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "sinbin-tour-test-"));
  const plan = await readFile("suites/1-networks/refused-then-back.yaml", "utf8");
  const sin = join(folder.path, "sin");
  await mkdir(sin);
  for (const name of ["one", "two"]) {
    const text = plan.replace("../lib", resolve("suites/lib")).replace(/^plan: .*$/m, `plan: ${name}`);
    await writeFile(join(sin, `${name}.yaml`), text);
  }
  // However its path is written.
  const told = `${folder.path}/./sin/one.yaml`;
  const { code, out } = sinbin("tour", sin, "--real", told, "--out", join(folder.path, "runs"));
  expect(code).toBe(0);
  expect(out).toContain("pass: 2 passed, 1 control red");
  expect(out).toContain("pass: 1 passed");
  expect(out.trimEnd().split("\n").slice(-3)).toEqual([
    "sin  plan  sim                  local",
    "sin  one   pass, 1 control red  pass",
    "     two   pass",
  ]);
});

test("`npm start` is a tour, by real plans", async () => {
  const [words = "", named = ""] = manifest.scripts.start.split(" --real ");
  expect(words).toBe("node harness/cli/main.ts tour suites/");
  const plans = await loadPlans(named.split(" "));
  expect(plans.length).toBeGreaterThan(5);
});
