/** `sinbin replay` and `sinbin shrink` as a stranger meets them. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fixture, main, openShell, sinbin } from "./command.testing.ts";
import type { Result } from "./command.testing.ts";
import { readRun } from "./replay.ts";

let folder: string;
/** A run that passed, and one that failed, both in the simulated world. */
let passed: string;
let failed: string;
/** The plan of the second. */
let plan: string;

const shell = openShell();
afterAll(() => shell[Symbol.asyncDispose]());
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "sinbin-replay-test-"));
  passed = await runOf(fixture("quick"));
  plan = join(folder, "failing.yaml");
  writeFileSync(plan, failingPlan("500ms"));
  failed = await runOf(plan, "--seed", "4");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Two programs that talk; one may not be killed, and is, again and again. */
function failingPlan(every: string): string {
  return `plan: killed
include: [${fixture("lib/talk")}]
phases:
  - { name: warm-up, until: steady, timeout: 30s }
  - { name: rest, for: 300ms }
  - name: kills
    for: 2s
    faults:
      - process.kill: {}
        where: client
        at: 100ms..400ms
        every: ${every}
      - tcp.latency: { delay: 1ms..20ms }
        where: fetch
        every: 100ms
        may_miss: true
expect:
  - never: client.exited
`;
}

/** The folder of the only run of the command. */
async function runOf(file: string, ...args: readonly string[]): Promise<string> {
  const out = mkdtempSync(join(folder, "run-"));
  await shell.sinbin("run", file, "--world", "sim", "--out", out, ...args);
  const [command = ""] = readdirSync(out);
  const [name = ""] = readdirSync(join(out, command));
  return join(out, command, name);
}

const replay = (...args: readonly string[]): Promise<Result> =>
  shell.sinbin("replay", ...args, "--out", join(folder, "again"));

describe("replay", () => {
  test("of a run that passed is 0, the same byte for byte", async () => {
    const { code, out } = await replay(passed);
    expect(out).toMatch(
      /(\d+) of \1 decisions matched\nthe history is the same, byte for byte: \d+ events\nverdict before: pass\nverdict now: {4}pass\nreproduced\n$/,
    );
    expect(code).toBe(0);
  });

  test("of a failure is 1, with the schedule that was recorded or the one of the plan", async () => {
    for (const flags of [[], ["--schedule"]]) {
      const { code, out } = await replay(failed, ...flags);
      expect(out).toMatch(/same, byte for byte[^]*verdict now: {4}fail, by never client\.exited\nreproduced\n$/);
      expect(code).toBe(1);
    }
  });

  test("leaves a run folder that can be replayed in its turn", async () => {
    const out = mkdtempSync(join(folder, "turn-"));
    await shell.sinbin("replay", failed, "--out", out);
    const [command = ""] = readdirSync(out);
    // In a process of its own, which has not seen the first one.
    expect(sinbin("replay", join(out, command, "killed"), "--out", out).code).toBe(1);
  });

  describe("of a plan that has changed since", () => {
    let changed: string;
    let run: string;
    beforeAll(async () => {
      changed = join(folder, "changed.yaml");
      writeFileSync(changed, failingPlan("500ms"));
      run = await runOf(changed, "--seed", "4");
    });

    test("says so, and where the histories part", async () => {
      writeFileSync(changed, failingPlan("400ms"));
      const { code, out } = await replay(run);
      expect(out).toMatch(
        /the plan is not the one that was recorded[^]*the first event that differs is number \d+:\n {2}before .*\n {2}now /,
      );
      expect(code).toBe(1);
      expect(await replay(run, "--schedule")).toMatchObject({ code: 1, out: expect.stringContaining("byte for byte") });
    });

    test("is not reproduced if it passes now", async () => {
      writeFileSync(changed, failingPlan("500ms").replace("client.exited", "echo.exited"));
      expect(await replay(run)).toMatchObject({
        code: 2,
        out: expect.stringMatching(/verdict now: {4}pass\nnot reproduced\n$/),
      });
    });

    test("that is gone or wrong needs --schedule, and is told so", async () => {
      writeFileSync(changed, "plan: broken\n");
      expect(await replay(run)).toMatchObject({
        code: 254,
        err: expect.stringMatching(/changed\.yaml:1:1[^]*to run what was recorded: npx sinbin replay \S+ --schedule/),
      });
      rmSync(changed);
      expect(await replay(run)).toMatchObject({ code: 254, err: expect.stringContaining("there is no such file") });
      expect((await replay(run, "--schedule")).out).toMatch(/byte for byte/);
    });
  });

  test("of the folder that holds a command's runs names them, and of no folder says so", async () => {
    expect(await replay(join(passed, ".."))).toMatchObject({
      code: 254,
      err: expect.stringContaining(`in it: ${passed}`),
    });
    expect(await replay(join(folder, "nowhere"))).toMatchObject({
      code: 254,
      err: expect.stringContaining("no such folder"),
    });
  });

  test.each([
    [
      "a folder of anything",
      (copy: string) => rmSync(join(copy, "run.json")),
      "there is no run.json: name the folder of a run",
    ],
    [
      "a run that was interrupted",
      (copy: string) => rmSync(join(copy, "verdict.json")),
      "this run did not come to its end",
    ],
    [
      "a run of a newer sinbin",
      (copy: string) => edit(copy, "run.json", /"sinbin": ".*?"/, '"sinbin": "99.0.0"'),
      "this run was written by sinbin 99.0.0",
    ],
    [
      "a file that is torn",
      (copy: string) => writeFileSync(join(copy, "schedule.json"), '{"plan": "k'),
      "schedule.json is not as sinbin writes it",
    ],
    [
      "a history of something else",
      (copy: string) => writeFileSync(join(copy, "history.jsonl"), '{"event":"who.knows"}\n'),
      "line 1 of history.jsonl is no event",
    ],
  ])("refuses %s", async (_name, spoil, message) => {
    const copy = mkdtempSync(join(folder, "copy-"));
    cpSync(passed, copy, { recursive: true });
    spoil(copy);
    // What the command says of it, with which code, is in the test above.
    const refused = await readRun(copy).then(() => undefined, String);
    expect(refused).toContain(message);
  });
});

function edit(copy: string, name: string, pattern: RegExp, by: string): void {
  writeFileSync(join(copy, name), readFileSync(join(copy, name), "utf8").replace(pattern, by));
}

describe("shrink", () => {
  test("writes the smallest plan, which fails by the same expectation", async () => {
    const { code, out } = await shell.sinbin("shrink", failed);
    const file = join(failed, "shrunk.yaml");
    expect(out).toContain(`1 occurrence of`);
    expect(out).toContain(`left, after`);
    expect(code).toBe(1);
    const [schema = "", command = "", ...rest] = readFileSync(file, "utf8").split("\n");
    expect(schema).toMatch(/^# yaml-language-server: \$schema=.*plan\.schema\.json$/);
    expect(command).toMatch(/^# npx sinbin run \S+shrunk\.yaml --world sim$/);
    // The plan names it from its own folder; this one lies elsewhere, and is to be committed.
    expect(rest).toContain("  client: { program: harness/worlds/fixtures/client.ts }");
    expect(rest.slice(rest.indexOf("phases:"), rest.indexOf("expect:"))).toEqual([
      "phases:",
      "  - { name: warm-up, until: steady, timeout: 30s }",
      "  - name: kills",
      expect.stringMatching(/^ {4}for: \d+ms$/),
      "    faults:",
      "      - process.kill: {}",
      "        where: client",
    ]);
    expect(await shell.sinbin("run", file, "--world", "sim", "--out", join(folder, "shrunk"))).toMatchObject({
      code: 1,
      out: expect.stringContaining("never client.exited"),
    });
  });

  test("goes where it is told, as far as the attempts reach", async () => {
    const file = join(folder, "small.yaml");
    const { code, out } = await shell.sinbin("shrink", failed, "--out", file, "--attempts", "3");
    expect(out).toContain("the attempts are used up");
    expect(code).toBe(1);
    expect((await shell.sinbin("check", file)).code).toBe(0);
  });

  test("has nothing to do for a run that passed", async () => {
    expect(await shell.sinbin("shrink", passed)).toMatchObject({
      code: 254,
      err: expect.stringContaining("this run ended as pass"),
    });
  });

  test("that is interrupted ends with 130, and what it says was written is a plan", async () => {
    const file = join(folder, "interrupted.yaml");
    const child = spawn(process.execPath, [main, "shrink", failed, "--out", file], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const said = text(child.stdout);
    // By then it has all its tries before it.
    await once(child.stderr, "data");
    child.kill("SIGINT");
    const [code] = (await once(child, "exit")) as [number | null];
    expect(code).toBe(130);
    expect(existsSync(file)).toBe((await said).includes("interrupted: this is the smallest one so far"));
    const problems = existsSync(file) ? (await shell.sinbin("check", file)).code : 0;
    expect(problems).toBe(0);
  });
});
