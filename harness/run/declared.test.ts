/** Faults that a service's subject declares, from the plan to the daemon and back: a program, and a command in another language. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { byNight } from "../../host/night.testing.ts";
import { hasEngine } from "../worlds/docker/engine.testing.ts";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

let directory = "";
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "sinbin-declared-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function run(plan: string, ...flags: readonly string[]): Promise<string> {
  const command = [path("../cli/main.ts"), "run", path(`fixtures/${plan}.yaml`), ...flags];
  return (await promisify(execFile)(process.execPath, command, { cwd: directory })).stdout;
}

type Line = Readonly<Record<string, unknown>>;

async function history(): Promise<readonly Line[]> {
  const files = await readdir(directory, { recursive: true });
  const file = files.find((name) => name.endsWith("history.jsonl")) ?? "";
  const text = await readFile(join(directory, file), "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
}

const containers = hasEngine ? [["declared", "docker"]] : [];
/** By day a daemon of another language has no namespaces, and a program has. */
const more = byNight ? [["declared", "local", "--no-isolation"], ["declared-command", "local"], ...containers] : [];

test.each([["declared", "sim"], ["declared", "local"], ["declared-command", "local", "--no-isolation"], ...more])(
  "%s is told in %s, again after its start, and its hits count",
  async (plan = "", world = "", ...flags) => {
    expect(await run(plan, "--world", world, ...flags)).toContain("pass: 1 passed");
    const events = await history();
    const hits = events.filter(({ event, step }) => event === "fault.hit" && step === "counter.skip");
    expect(hits[0]).toMatchObject({ where: "counter", detail: { parameters: { by: 3, from: 2000 } } });
    const back = events.findLastIndex(({ event }) => event === "service.start");
    expect(events.slice(0, back)).toContainEqual(hits[0]);
    expect(events.slice(back)).toContainEqual(hits.at(-1));
    expect(events.filter(({ event, step }) => event === "fault.hit" && step === "counter.restart")).toHaveLength(1);
    // The lines that tell of hits are hits, and nothing else.
    expect(
      events.filter((each) => each["event"] === "service.log" && JSON.stringify(each).includes("fault.hit")),
    ).toEqual([]);
  },
);
