/** `sinbin hunt` as a stranger meets it: real commands, real threads. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fixture, main, openShell, sinbin } from "./command.testing.ts";
import type { Result } from "./command.testing.ts";

const plan = (name: string): string => fixture(`hunt/${name}`);

const shell = openShell();
afterAll(() => shell[Symbol.asyncDispose]());

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sinbin-hunt-test-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** With one thread, unless the flags say otherwise: each has the whole harness to load, which costs more than these hunts. */
async function hunt(name: string, ...flags: readonly string[]): Promise<Result & { readonly folder: string }> {
  const out = mkdtempSync(join(folder, "runs-"));
  const result = await shell.sinbin("hunt", plan(name), "--out", out, "--jobs", "1", ...flags);
  return { ...result, folder: out };
}

/** What is the same in every hunt: neither times nor the names of folders. */
const lasting = (out: string): string =>
  out.replaceAll(/ in [\d.]+s, [\d.]+ a second|\b[\d.]+s$|runs-\w+\S*/gm, "…").replaceAll(/ +…/g, " …");

describe("a hunt", () => {
  test("stops at the first seed that fails, and leaves a run folder, a command and a small plan", async () => {
    const { code, out, folder: runs } = await hunt("walk", "--seeds", "30", "--jobs", "2");
    expect(code).toBe(1);
    expect(out).toMatch(/^hunted 8 of 30 seeds in .*: 7 passed, 1 failed$/m);
    const replay = /^replay: npx sinbin (run .* --world sim --seed 7)$/m.exec(out)?.[1] ?? "";
    const shrunk = /^shrunk: .*: (\S+)$/m.exec(out)?.[1] ?? "";
    const [command = ""] = readdirSync(runs);
    const run = join(runs, command, "walk-7");
    expect(shrunk).toBe(join(run, "shrunk.yaml"));
    expect(out.slice(out.indexOf("\nshrunk: "))).toMatch(/shrunk\.yaml\n {2}phases:\n {4}- \{ name: walk/);
    expect(readdirSync(run)).toEqual(expect.arrayContaining(["history.jsonl", "plan.json", "run.json", "shrunk.yaml"]));
    expect(JSON.parse(readFileSync(join(run, "verdict.json"), "utf8"))).toMatchObject({ verdict: "fail" });
    expect(sinbin(...replay.split(" "), "--out", runs)).toMatchObject({ code: 1 });
    expect(sinbin("run", shrunk, "--world", "sim", "--out", runs)).toMatchObject({ code: 1 });
  });

  // Two threads stop at the first seed as one does: that is in the test above.
  test("finds the same, however many threads there are", async () => {
    const flags = ["--seeds", "12", "--mix", "--keep-going", "--no-shrink"];
    const one = await hunt("walk", ...flags);
    const other = await hunt("walk", ...flags, "--jobs", "3");
    expect(one.code).toBe(1);
    expect([other.code, lasting(other.out)]).toEqual([one.code, lasting(one.out)]);
  });

  test("goes on if it is told to, and says how often what failed", async () => {
    const { code, out } = await hunt("walk", "--seeds", "60", "--keep-going", "--no-shrink", "--seed", "1");
    const [, passed, failed] = /^hunted 60 seeds in .*: (\d+) passed, (\d+) failed$/m.exec(out) ?? [];
    expect([code, Number(passed) + Number(failed)]).toEqual([1, 60]);
    expect(out).toContain(`  failed: never stumbles.count > 0: ${failed} times, first with seed 7\n`);
  });

  test("runs every cell of a matrix with each seed, or those that are asked for", async () => {
    expect((await hunt("matrix", "--no-shrink")).out).toMatch(/^replay: .* --seed 7 --cell pace=slow$/m);
    const one = await hunt("matrix", "--no-shrink", "--cell", "pace=fast");
    expect(one.out).toMatch(/^hunted 8 of 1000 seeds in /);
    expect(one.out).toMatch(/^replay: .* --seed 7 --cell pace=fast$/m);
  });

  test("is 0 where nothing is found, and leaves nothing", async () => {
    const { code, out, folder: runs } = await hunt("walk", "--seeds", "7");
    expect(out).toMatch(/^hunted 7 seeds in .*: 7 passed\n$/);
    expect([code, readdirSync(runs)]).toEqual([0, []]);
  });

  test("is 2 where nothing could be tested, and says why", async () => {
    const { code, out } = await hunt("nowhere", "--seeds", "5");
    expect(code).toBe(2);
    expect(out).toContain("5 unknown\n  unknown, first with seed 0: it was never so");
    expect(out).toMatch(/^ {4}npx sinbin run .* --seed 0$/m);
  });

  test("what a mix has found is found again by the command that it prints", async () => {
    const { out, folder: runs } = await hunt("walk", "--mix", "--no-shrink");
    const replay = /^replay: npx sinbin (hunt .*--mix)$/m.exec(out)?.[1] ?? "";
    const again = await shell.sinbin(...replay.split(" "), "--no-shrink", "--out", folder);
    expect(again).toMatchObject({ code: 1, out: expect.stringMatching(/^hunted 1 seed in .*: 1 failed\n/) });
    const run = join(runs, readdirSync(runs)[0] ?? "", /all of it: .*\/(.*)/.exec(out)?.[1] ?? "");
    expect((await shell.sinbin("replay", run)).err).toMatch(
      /faults were mixed into this run.*: npx sinbin replay \S+ --schedule/,
    );
  });

  test("that is interrupted is 130, says what it has, and leaves nothing", async () => {
    const out = join(folder, "interrupted");
    const child = spawn(process.execPath, [main, "hunt", plan("endless"), "--out", out], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    child.stdout.on("data", (chunk) => (said += String(chunk)));
    const [begun] = (await once(child.stderr, "data")) as [Buffer];
    expect(String(begun)).toMatch(/^hunting in endless-walk: 1000 seeds from 0, \d+ at a time\n/);
    child.kill("SIGINT");
    const [code] = (await once(child, "close")) as [number | null];
    expect([code, existsSync(out)]).toEqual([130, false]);
    expect(said).toContain("nothing was finished");
  });

  test("whose thread dies is a bug with a message, and does not hang", async () => {
    expect(await hunt("deadly")).toMatchObject({
      code: 255,
      err: expect.stringContaining("ended by itself, with code 3"),
    });
  });

  test("of a plan with commands says what is missing", async () => {
    expect(await hunt("command")).toMatchObject({
      code: 2,
      err: expect.stringContaining("it needs commands (sleeper"),
    });
  });

  test.each([
    ["no seeds", ["walk", "--seeds", "0"], "write a whole number from 1 to"],
    ["no threads", ["walk", "--jobs", "0"], "write a whole number from 1 to"],
    ["no such cell", ["walk", "--cell", "pace=slow"], "has no matrix"],
    ["no guard", ["walk", "--without", "walker"], "write SERVICE:GUARD"],
    ["no such service", ["walk", "--without", "wolker:x"], "did you mean walker?"],
    ["no such guard", ["walk", "--without", "walker:x"], "walker has no guard x"],
    ["a mix that fits nothing", ["unmixable", "--mix"], "write other faults, or another where"],
  ])("%s is 254, and says what to write", async (_what, [name = "", ...flags], message) => {
    expect(await hunt(name, ...flags)).toMatchObject({ code: 254, err: expect.stringContaining(message) });
  });

  test("takes one plan at a time", async () => {
    expect(await shell.sinbin("hunt", join(plan("walk"), ".."))).toMatchObject({
      code: 254,
      err: expect.stringContaining("one plan at a time"),
    });
  });
});
