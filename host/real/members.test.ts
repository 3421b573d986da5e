/** Who has left the process group and belongs to it all the same, judged by what it knows of itself, and by /proc. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Child, Processes } from "../host.ts";
import { millisecondsOf, pidsBelow } from "./proc.testing.ts";
import { createProcesses } from "./processes.ts";

/** Counts, says what that has taken, and ends when somebody writes to it. */
const spinner = `
mkfifo go
i=0; while [ $i -lt 400000 ]; do i=$((i+1)); done
times >times; mv times done
read -r _ <go`;
/** Such processes are init's at once. */
const away = "(setsid sh spinner &)";
const rest = "while :; do sleep 1000; done";
/** It has left the process group, and starts others for ever, which do so as well. */
const breeder = "while :; do setsid sleep 1000 & sleep 0.01; done";

interface Rig extends Disposable {
  readonly directory: string;
  readonly processes: Processes;
  readonly start: (script: string) => Promise<Child>;
  /** The processes of this test that still run, by where they are. */
  readonly pids: () => readonly number[];
  readonly see: (file: string) => Promise<string>;
}

function createRig(): Rig {
  const directory = mkdtempSync(join(tmpdir(), "sinbin-members-"));
  const processes = createProcesses({ directory, most: () => Infinity, log: () => undefined });
  const pids = (): readonly number[] => pidsBelow(directory);
  const files = { spinner, breeder };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  return {
    directory,
    processes,
    pids,
    start: (script) => processes.start("sh", ["-c", script]),
    async see(file) {
      await expect
        .poll(() => attempt(() => readFileSync(join(directory, file), "utf8")), { interval: 20 })
        .not.toBe("");
      return readFileSync(join(directory, file), "utf8");
    },
    [Symbol.dispose]() {
      for (const pid of pids()) attempt(() => String(process.kill(pid, "SIGKILL")));
      rmSync(directory, { recursive: true, maxRetries: 20, retryDelay: 100 });
    },
  };
}

function attempt(work: () => string): string {
  try {
    return work();
  } catch {
    return "";
  }
}

/** Within a twentieth; the shell that rests has taken a little, too. */
function expectAbout(found: number, truth: number): void {
  expect(truth).toBeGreaterThan(100);
  expect(found).toBeGreaterThanOrEqual(0.95 * truth - 10);
  expect(found).toBeLessThanOrEqual(1.05 * truth + 30);
}

async function usageOf({ processes }: Rig, { pid }: Child) {
  const found = (await processes.usage()).groups.get(pid);
  if (found === undefined) throw new Error(`there is no group ${pid}`);
  return found;
}

async function end(child: Child, { pids }: Rig): Promise<void> {
  child.signal("KILL");
  await child.exited;
  await expect.poll(pids, { interval: 20 }).toEqual([]);
}

const stateOf = (pid: number): string =>
  attempt(() => readFileSync(`/proc/${pid}/stat`, "utf8")).replace(/^.*\) /s, "");
const groupOf = (pid: number): number => Number(stateOf(pid).split(" ")[2]);
/** Who has left the process group. */
const straysOf = ({ pids }: Rig, child: Child): readonly number[] => pids().filter((pid) => groupOf(pid) !== child.pid);

test("who has left the process group is counted while it is there, and when it has ended", async () => {
  using rig = createRig();
  const child = await rig.start(`${away}; ${rest}`);
  const truth = millisecondsOf(await rig.see("done"));
  await expect.poll(async () => (await usageOf(rig, child)).processes, { interval: 20 }).toBe(3);
  expectAbout((await usageOf(rig, child)).cpuMs, truth);
  writeFileSync(join(rig.directory, "go"), "\n");
  await expect.poll(async () => (await usageOf(rig, child)).processes, { interval: 20 }).toBe(2);
  const after = await usageOf(rig, child);
  expectAbout(after.cpuMs + after.pastCpuMs, truth);
  const glance = (await rig.processes.usage([child.pid])).groups.get(child.pid);
  expectAbout((glance?.cpuMs ?? 0) + (glance?.pastCpuMs ?? 0), truth);
  await end(child, rig);
});

test("whose parent belongs to the group is counted once when it has ended", async () => {
  using rig = createRig();
  const child = await rig.start(`setsid sh spinner & wait; ${rest}`);
  const truth = millisecondsOf(await rig.see("done"));
  expectAbout((await usageOf(rig, child)).cpuMs, truth);
  writeFileSync(join(rig.directory, "go"), "\n");
  await expect.poll(async () => (await usageOf(rig, child)).pastCpuMs, { interval: 20 }).toBeGreaterThan(0.9 * truth);
  const after = await usageOf(rig, child);
  expectAbout(after.cpuMs + after.pastCpuMs, truth);
  await end(child, rig);
});

test("the end of a group is that of those who have left it, though they start others all the time", async () => {
  using rig = createRig();
  const child = await rig.start(`(setsid sh breeder &); ${rest}`);
  await expect.poll(() => rig.pids().length, { interval: 20 }).toBeGreaterThan(10);
  expect(child.signal("KILL")).toBe(true);
  expect(await child.exited).toEqual({ code: undefined, signal: "KILL" });
  await expect.poll(rig.pids, { interval: 20 }).toEqual([]);
  // Until init has waited for them, they are there.
  await expect.poll(() => child.signal("KILL"), { interval: 20 }).toBe(false);
});

test("they can be ended when their group has ended by itself", async () => {
  using rig = createRig();
  const child = await rig.start("(setsid sh breeder &)");
  expect(await child.exited).toEqual({ code: 0, signal: undefined });
  await expect.poll(() => rig.pids().length, { interval: 20 }).toBeGreaterThan(1);
  child.signal("KILL");
  await expect.poll(rig.pids, { interval: 20 }).toEqual([]);
});

test("who has left the process group is stopped with it, and goes on with it", async () => {
  using rig = createRig();
  const child = await rig.start(`(setsid sleep 1000 &); ${rest}`);
  await expect.poll(() => straysOf(rig, child).length, { interval: 20 }).toBe(1);
  await expect.poll(async () => (await usageOf(rig, child)).processes, { interval: 20 }).toBe(3);
  const states = (): readonly string[] => [...new Set(rig.pids().map((pid) => stateOf(pid).charAt(0)))];
  child.signal("STOP");
  await expect.poll(states, { interval: 20 }).toEqual(["T"]);
  child.signal("CONT");
  await expect.poll(states, { interval: 20 }).toEqual(["S"]);
  await end(child, rig);
});

test("who has cleared its environment is nobody's once it has left the process group", async () => {
  using rig = createRig();
  const child = await rig.start(`(env -i setsid sleep 1000 &); ${rest}`);
  await expect.poll(() => straysOf(rig, child).length, { interval: 20 }).toBe(1);
  await expect.poll(async () => (await usageOf(rig, child)).processes, { interval: 20 }).toBe(2);
  const strays = straysOf(rig, child);
  child.signal("KILL");
  await child.exited;
  await expect.poll(rig.pids, { interval: 20 }).toEqual(strays);
});

/** Starts a child of its own. */
const inner = `
import { createProcesses } from ${JSON.stringify(join(import.meta.dirname, "processes.ts"))};
const processes = createProcesses({ directory: ".", most: () => Infinity, log: () => undefined });
await processes.start("sleep", ["1000"]);
(await import("node:fs")).writeFileSync("done", "done");`;

test("the children of a child that starts groups itself belong to those", async () => {
  using rig = createRig();
  writeFileSync(join(rig.directory, "inner.ts"), inner);
  const child = await rig.processes.start(process.execPath, ["inner.ts"]);
  await rig.see("done");
  await expect.poll(async () => (await usageOf(rig, child)).processes, { interval: 20 }).toBe(1);
  const sleeper = rig.pids().filter((pid) => pid !== child.pid);
  child.signal("KILL");
  await child.exited;
  await expect.poll(rig.pids, { interval: 20 }).toEqual(sleeper);
  expect(sleeper).toHaveLength(1);
});
