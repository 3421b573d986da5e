import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { byNight } from "../../host/night.testing.ts";
import { hasEngine } from "../worlds/docker/engine.testing.ts";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

async function run(fixture: string, world: string, ...flags: readonly string[]): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "sinbin-ntp-"));
  try {
    const command = [path("../cli/main.ts"), "run", path(`fixtures/${fixture}`), "--world", world, ...flags];
    const { stdout } = await promisify(execFile)(process.execPath, command, { cwd: directory });
    return stdout;
  } catch (error) {
    return String((error as { readonly stdout?: unknown }).stdout);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const loopback = byNight ? [["--no-isolation"]] : [];
const onLoopback = loopback.map((flags) => ["local", ...flags]);
const containers = byNight && hasEngine ? [["docker"]] : [];
/** Half a minute at sixty times the pace: by day a clock that is kept in real time is in the last plan. */
const inRealTime = byNight ? [["local"]] : [];

test.concurrent.each([["sim"], ["local"], ...onLoopback, ...containers])(
  "a server's time is wrong for a while: %s %s",
  async (world = "sim", ...flags) => {
    expect(await run("ntp.yaml", world, ...flags)).toContain("pass: 1 passed");
  },
);

test.concurrent.each([["sim"], ...inRealTime, ...onLoopback])(
  "a clock is kept by a server that lies, unless the client does not get to run, or to anybody: %s %s",
  async (world, ...flags) => {
    expect(await run("timekeeper.yaml", world, ...flags)).toContain("pass: 1 passed");
  },
);

test.concurrent.each([["sim"], ...inRealTime])(
  "the name of a time server leads to one that is wrong, and whoever asks by name is wrong with it: %s",
  async (world = "sim") => {
    expect(await run("moved-name.yaml", world)).toContain("pass: 1 passed");
  },
);

test.concurrent("a daemon that never looks at the clock that is kept for it was not put to the test", async () => {
  const said = await run("unkept.yaml", "local", "--no-isolation");
  expect(said).toContain("unknown: 1 unknown");
  expect(said).toContain("one does not live by its virtual clock: no process of the service has looked at");
});

test.concurrent.each([...loopback, []])(
  "real daemons see how their clocks are stepped and slewed by three clients: %s",
  async (...flags) => {
    expect(await run("kept.yaml", "local", ...flags)).toContain("pass: 1 passed");
  },
);
