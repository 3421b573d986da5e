/** The command line as a stranger meets it: real processes, real plans, exit codes, and what is left when it is gone. */
import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { byNight } from "../../host/night.testing.ts";
import { fixture, main, openShell, sinbin } from "./command.testing.ts";

const shell = openShell();
afterAll(() => shell[Symbol.asyncDispose]());

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sinbin-cli-test-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("exit codes and messages", () => {
  test("a plan that holds is 0, and leaves a whole run folder", () => {
    const out = mkdtempSync(join(folder, "whole-"));
    const result = sinbin("run", fixture("quick"), "--out", out, "--junit", join(out, "junit.xml"), "--seed", "5");
    expect(result).toMatchObject({ code: 0, out: expect.stringContaining("pass: 1 passed") });
    const [command = ""] = readdirSync(out).filter((name) => name !== "junit.xml");
    expect(readdirSync(join(out, command, "quick")).sort()).toEqual(
      ["history.jsonl", "junit.xml", "plan.json", "run.json", "schedule.json", "services", "verdict.json"].sort(),
    );
    expect(JSON.parse(readFileSync(join(out, command, "quick", "verdict.json"), "utf8"))).toMatchObject({
      verdict: "pass",
    });
    expect(readFileSync(join(out, "junit.xml"), "utf8")).toContain('<testsuite name="quick"');
    expect(readdirSync(join(out, command, "quick", "services")).sort()).toEqual([
      "client",
      "client.log",
      "echo",
      "echo.log",
    ]);
  });

  test("a broken expectation is 1, and the first line about it is the command that replays it", () => {
    const result = sinbin("run", fixture("failing"), "--world", "sim", "--out", folder);
    expect(result.code).toBe(1);
    expect(result.out).toMatch(/^replay: npx sinbin run \S*failing\.yaml --world sim --seed 1$/m);
    expect(result.out).toContain("at_end answers.count == 0");
  });

  test("a cell of a matrix replays alone, and runs that share a name have folders of their own", async () => {
    const out = mkdtempSync(join(folder, "cells-"));
    const simulate = (...words: readonly string[]) => shell.sinbin("run", ...words, "--world", "sim", "--out", out);
    const all = await simulate(fixture("quick"), fixture("matrix"), fixture("quick"));
    expect(all.out).toMatch(/^replay: .* --seed 1 --cell pause=1ms --cell 'word=a b'$/m);
    const [command = ""] = readdirSync(out);
    const named = ["quick", "quick-1ms-a_b", "quick-1ms-a_b-2", "quick-2ms-a_b", "quick-2ms-a_b-2"];
    expect(readdirSync(join(out, command)).sort()).toEqual(named);

    const one = await simulate(fixture("matrix"), "--cell", "pause=2ms", "--cell", "word=a/b");
    expect(one).toMatchObject({ code: 1, out: expect.stringContaining("FAIL: 1 failed") });
  });

  test("a service that does not start is 2, with its last lines", () => {
    const result = sinbin("run", fixture("no-start"), "--out", folder);
    expect(result.code).toBe(2);
    expect(result.out).toContain("I have no config");
  });

  test.each([[], ...(byNight ? [["--no-isolation"]] : [])])(
    "a command that is nowhere is 2, and says so (%j)",
    (...flags) => {
      const result = sinbin("run", fixture("no-command"), "--out", folder, ...flags);
      expect(result).toMatchObject({ code: 2, out: expect.stringContaining("no such command on the PATH") });
    },
  );

  test("a fault that hits nothing is 2", async () => {
    const result = await shell.sinbin("run", fixture("missed"), "--world", "sim", "--out", folder);
    expect(result).toMatchObject({ code: 2, out: expect.stringContaining("hit nothing") });
  });

  test("what a machine may not keep of scaled time is warned of once, on stderr, and not where time is virtual", async () => {
    const warning =
      "hurried.yaml: warning: expect[0].within: 3s is the tightest deadline, and 1.5s of real time with scale: 2";
    const result = sinbin("run", fixture("hurried"), "--out", folder);
    expect(result.err.split(warning)).toHaveLength(2);
    expect(result.out).not.toContain("warning");
    expect((await shell.sinbin("check", fixture("hurried"))).out).toContain(warning);
    const simulated = await shell.sinbin("run", fixture("hurried"), "--out", folder, "--world", "sim");
    expect(simulated.err).not.toContain("warning");
  });

  test("a plan that is for the night in one world is left out of its folder there, unless it is night", async () => {
    const plans = join(import.meta.dirname, "fixtures/tiers");
    const byDay = (await shell.sinbin("run", plans, "--world", "sim", "--out", folder)).out;
    expect(byDay).toMatch(/^real-by-night .* pass /m);
    expect(byDay).toMatch(/^simulated-by-night: not run here: its tier in sim is nightly: name its file, or write --/m);
    const atNight = (await shell.sinbin("run", plans, "--world", "sim", "--nightly", "--out", folder)).out;
    expect(atNight).toContain("pass: 2 passed");
  });

  test("a broken plan is 254, with every mistake at its place, before anything starts", () => {
    const result = sinbin("run", fixture("broken"), "--out", folder);
    expect(result.code).toBe(254);
    expect(result.out).toBe("");
    const lines = result.err.trim().split("\n");
    expect(lines.map((line) => /broken\.yaml:(\d+):\d+/.exec(line)?.[1])).toEqual(["2", "5", "9", "10", "12"]);
  });

  const simulate = ["run", "--world", "sim"];

  test.each([
    ["no such plan", [...simulate, "nowhere.yaml"], "nowhere.yaml: there is no such file"],
    ["an unknown option", ["run", "--wurld", "local", "x"], "did you mean --world"],
    ["an unknown world", ["run", "--world", "mars", "x"], "write one of: local"],
    ["a seed that is no number", ["run", "--seed", "abc", "x"], "write a whole number"],
    ["no plan at all", ["run"], "missing required argument"],
    ["a cell of no matrix", [...simulate, fixture("quick"), "--cell", "x=1"], "has no matrix"],
    ["a cell of no such name", [...simulate, fixture("matrix"), "--cell", "pauze=1ms"], "did you mean pause?"],
    ["a cell of no such value", [...simulate, fixture("matrix"), "--cell", "pause=3s"], "there are 1ms, 2ms"],
    ["a cell without a value", ["run", fixture("matrix"), "--cell", "pause"], "write NAME=VALUE"],
    [
      "a result file that can't be",
      [...simulate, fixture("quick"), "--junit", "/nowhere/x.xml"],
      "name a file that can be",
    ],
    [
      "a run folder that can't be",
      [...simulate, fixture("quick"), "--out", "/dev/null/runs"],
      "name a folder that can be",
    ],
    ["an unknown command", ["rum"], "did you mean run"],
    ["an unknown option of a command", ["hunt", "--world", "sim", "x"], '(see "sinbin hunt --help")'],
    ["a mix that nothing fits", ["check", fixture("empty-mix")], "mix: no fault fits the bounds"],
    ["an unknown fault", ["faults", "tcp.latensy"], "did you mean tcp.latency"],
    ["what a fault is not called", ["faults", "nxdomain"], "did you mean dns.rcode"],
    ["faults of no file", ["faults", "--of", "nowhere.yaml"], "there is no file nowhere.yaml"],
    ["faults of a file that declares none well", ["schema", "--of", fixture("quick")], "there is no key plan here"],
  ])("%s is 254, and says what to write", async (_what, args, message) => {
    const result = await shell.sinbin(...args);
    expect(result).toMatchObject({ code: 254 });
    expect(result.err.toLowerCase()).toContain(message.toLowerCase());
  });

  test("help, version, faults, schema, check and explain are 0", async () => {
    const quick = fixture("quick");
    const counter = join(import.meta.dirname, "../run/fixtures/declared/subject.yaml");
    for (const args of [
      ["--help"],
      ["--version"],
      ["faults"],
      ["faults", "tcp"],
      ["faults", "tcp.latency"],
      ["faults", "disk.old_generation"],
      ["faults", "--of", counter],
      ["faults", "counter.skip", "--of", counter],
      ["schema"],
      ["schema", "--of", counter],
      ["check", quick],
      ["explain", quick],
    ]) {
      const result = await shell.sinbin(...args);
      expect([args, result.code, result.err]).toEqual([args, 0, ""]);
      expect(result.out).not.toBe("");
    }
  });
});

/** By night all of them everywhere (`.ci/full`). By day a run on loopback ends in good order in the test of a bug. */
describe.each<[string, string[], readonly NodeJS.Signals[]]>([
  ["in namespaces", [], ["SIGTERM"]],
  ["on loopback", ["--no-isolation"], []],
  ["two at a time", ["--jobs", "2"], ["SIGINT"]],
])("ended from outside, %s", (_where, flags, byDay) => {
  test.each(byNight ? (["SIGINT", "SIGTERM"] as const) : byDay)(
    "%s ends it with 130 and leaves nothing",
    async (signal) => {
      const { child, tag, out } = await startLong(flags);
      child.kill(signal);
      const [code] = (await once(child, "exit")) as [number | null];
      expect(code).toBe(130);
      // On loopback the reaper has the last word, a moment later.
      await until(() => tagged(tag).length === 0);
      expect(existsSync(out)).toBe(false);
    },
  );

  test.runIf(byNight || flags.length === 0)("Ctrl-C, which reaches the whole group, does the same", async () => {
    const { child, tag, out } = await startLong(flags);
    process.kill(-(child.pid ?? 0), "SIGINT");
    const [code] = (await once(child, "exit")) as [number | null];
    expect(code).toBe(130);
    // On loopback the reaper has the last word, a moment later.
    await until(() => tagged(tag).length === 0);
    expect(existsSync(out)).toBe(false);
  });

  test("kill -9 leaves no service, stopped ones and grandchildren included", async () => {
    const { child, tag } = await startLong(flags);
    expect(tagged(tag).length).toBeGreaterThan(3);
    child.kill("SIGKILL");
    await once(child, "exit");
    await until(() => tagged(tag).length === 0);
  });
});

test("a process of --jobs that is killed is a run without a result, and leaves no service", async () => {
  const { child, tag } = await startLong(["--jobs", "2", "--no-isolation"]);
  const said = text(child.stderr ?? Readable.from([]));
  spawnSync("pkill", ["-KILL", "-f", "main.ts job ", "-P", String(child.pid)]);
  const [code] = (await once(child, "exit")) as [number | null];
  expect(code).toBe(2);
  expect(await said).toMatch(/the process that ran \S*long\.yaml has ended by itself \(SIGKILL\)/);
  await until(() => tagged(tag).length === 0);
});

test("an exception that nobody catches is a bug, 255, and leaves no service", async () => {
  const { child, tag } = await startLong(["--no-isolation"]);
  const said = text(child.stderr ?? Readable.from([]));
  child.kill("SIGUSR2");
  const [code] = (await once(child, "exit")) as [number | null];
  expect(code).toBe(255);
  expect(await said).toMatch(/this is a bug in sinbin, please report it:\n.*a planted bug/);
  await until(() => tagged(tag).length === 0);
});

test("two runs side by side do not disturb each other", async () => {
  const runs = [1, 2].map(() => {
    const child = spawn(process.execPath, [main, "run", fixture("quick"), "--out", folder], { stdio: "ignore" });
    return once(child, "exit");
  });
  expect((await Promise.all(runs)).map(([code]) => code as number)).toEqual([0, 0]);
});

/** SIGUSR2 makes the harness throw where nobody catches it. */
const bug = `data:text/javascript,process.on("SIGUSR2",()=>{throw new Error("a planted bug")})`;

interface Long {
  readonly child: ChildProcess;
  readonly tag: string;
  readonly out: string;
}

/** A run in the phase in which one service is stopped and has a grandchild; its tag is in the environment of all that it starts. */
async function startLong(flags: readonly string[]): Promise<Long> {
  const tag = `sinbin-test-${crypto.randomUUID()}`;
  const out = join(mkdtempSync(join(folder, "long-")), "runs");
  const child = spawn(process.execPath, ["--import", bug, main, "run", fixture("long"), "--out", out, ...flags], {
    env: { ...process.env, TAG: tag },
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
  });
  let seen = "";
  for await (const chunk of (child.stderr ?? Readable.from([])).iterator({ destroyOnReturn: false })) {
    seen += String(chunk);
    if (seen.includes("paused")) break;
  }
  return { child, tag, out };
}

/** Pids of all processes whose environment has the tag, but for those that have ended already. */
function tagged(tag: string): readonly string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, "utf8").includes(tag);
      } catch {
        return false;
      }
    });
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(betweenLooksMs);
}

/** Between two looks at all processes: who looks all the time takes the CPU from those whose end it waits for. */
const betweenLooksMs = 20;
