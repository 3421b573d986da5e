/** Clock faults and scaled time in plans, from the command line to the verdict. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { byNight } from "../../host/night.testing.ts";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

let directory = "";
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "sinbin-clock-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function run(plan: string, ...flags: readonly string[]): Promise<string> {
  const command = [path("../cli/main.ts"), "run", path(`fixtures/${plan}.yaml`), ...flags];
  try {
    return (await promisify(execFile)(process.execPath, command, { cwd: directory })).stdout;
  } catch (error) {
    if (error instanceof Error && "stdout" in error) return String(error.stdout);
    throw error;
  }
}

const worlds = [["sim"], ["local"], ...(byNight ? [["local", "--no-isolation"]] : [])];

test.concurrent.each(worlds)("a program sees each fault of its clock: %s", async (world = "", ...flags) => {
  expect(await run("clock", "--world", world, ...flags)).toContain("pass: 1 passed");
});

test.concurrent.each(worlds.slice(1))(
  "five minutes of a plan at sixty times the pace: %s",
  async (world = "", ...flags) => {
    const began = performance.now();
    expect(await run("scaled", "--world", world, ...flags)).toContain("pass: 1 passed");
    expect(performance.now() - began).toBeLessThan(200_000);
  },
);

test.concurrent.each(worlds)("what is in real time is not hurried: %s", async (world = "", ...flags) => {
  expect(await run("real-time", "--world", world, ...flags)).toContain("pass: 1 passed");
});

test.concurrent("a clock that nobody looks at was not moved", async () => {
  const said = await run("unmoved", "--world", "local", "--no-isolation");
  expect(said).toContain("unknown: 1 unknown");
  expect(said).toContain("no process of the service has looked at its virtual clock");
});
