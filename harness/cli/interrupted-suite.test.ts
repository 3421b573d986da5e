/** What is left of a suite that is interrupted. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, test } from "vitest";
import { fixture, main } from "./command.testing.ts";

const folder = mkdtempSync(join(tmpdir(), "sinbin-interrupt-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Interrupts it as soon as the run of one plan has ended; `undefined`: as soon as there is a run at all. */
async function interrupted(jobs: string, ended: string | undefined, ...plans: readonly string[]) {
  const out = mkdtempSync(join(folder, "out-"));
  const args = [main, "run", ...plans.map(fixture), "--world", "sim", "--jobs", jobs, "--out", out];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  const exited = once(child, "close") as Promise<[number | null]>;
  let said = "";
  child.stdout.on("data", (chunk) => (said += String(chunk)));
  child.stderr.resume();
  const isThere = (): boolean =>
    readdirSync(out).some((command) =>
      ended === undefined
        ? readdirSync(join(out, command)).length > 0
        : existsSync(join(out, command, ended, "junit.xml")),
    );
  while (!isThere()) await sleep(20);
  child.kill("SIGINT");
  const [code] = await exited;
  return { code, said, left: readdirSync(out, { recursive: true, encoding: "utf8" }).map((path) => path.split("/")) };
}

test.each(["1", "2"])("runs that have ended are reported and stay, with --jobs %s", async (jobs) => {
  const { code, said, left } = await interrupted(jobs, "walk", "hunt/walk", "hunt/endless");
  expect(code).toBe(130);
  expect(said).toMatch(/^walk .* pass /m);
  expect(said).toMatch(/^endless-walk: no result: interrupted$/m);
  expect(said).toMatch(/^unknown: 1 passed, 1 without a result; /im);
  expect(new Set(left.flatMap(([, run]) => run ?? []))).toEqual(new Set(["walk"]));
});

test("where none has ended, nothing is said and nothing is left", async () => {
  expect(await interrupted("1", undefined, "hunt/endless")).toEqual({ code: 130, said: "", left: [] });
});
