/** Runs and hunts by the command line on a real swarm of three engines, one of which dies. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { main } from "../cli/command.testing.ts";
import { findHindrance, startThreeEngines } from "./swarm.testing.ts";
import type { ThreeEngines } from "./swarm.testing.ts";

const hindrance = findHindrance();
if (hindrance !== undefined) process.stderr.write(`NOT TESTED: runs on a swarm of three engines: ${hindrance}\n`);

/** Everything is as slow as the machine is busy; this only ends what hangs. */
const hangGuardMs = 300_000;
const betweenLooksMs = 50;
const plan = fileURLToPath(new URL("fixtures/three-minutes.yaml", import.meta.url));
const huntable = fileURLToPath(
  new URL("../../suites/5-one-in-a-million/power-loss-during-a-save.yaml", import.meta.url),
);

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>;
}

function start(args: readonly string[], environment: Readonly<Record<string, string>>): Running {
  const child = spawn(process.execPath, [main, ...args], { env: { ...process.env, ...environment } });
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  const ended = once(child, "close").then(([code]) => ({ code: code as number | null, out, err }));
  return { child, ended };
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(betweenLooksMs);
}

/** Until something is so while it runs. */
async function during({ ended }: Running, condition: () => Promise<boolean>): Promise<void> {
  const early = ended.then(({ code, out, err }) => {
    throw new Error(`it ended with ${code} before that: ${out}${err}`);
  });
  early.catch(() => {});
  await Promise.race([until(condition), early]);
}

test("a swarm of three engines can be made, at least in CI", () => {
  expect(process.env["CI"] === "true" ? hindrance : undefined).toBeUndefined();
});

describe.runIf(hindrance === undefined)("on a swarm of three engines", () => {
  let engines: ThreeEngines;
  let out: string;
  const onSwarm = (...args: readonly string[]): Running =>
    start([...args, "--on", "swarm", "--out", out], { DOCKER_HOST: engines.manager });
  const isRunning = async (): Promise<boolean> => (await engines.docker(1, "service", "ls", "--quiet")) !== "";
  const isRunningOn = async (node: string): Promise<boolean> => {
    const services = await engines.docker(1, "service", "ls", "--quiet");
    const states = ["--filter", `node=${node}`, "--format", "{{.CurrentState}}"];
    // One of them may have ended meanwhile.
    const found = await engines.docker(1, "service", "ps", ...states, ...services.split("\n")).catch(() => "");
    return /^Running/m.test(found);
  };
  const isClear = async (): Promise<boolean> =>
    (await engines.docker(1, "service", "ls", "--quiet")) + (await engines.docker(1, "config", "ls", "--quiet")) === "";
  const runFolders = async (): Promise<readonly string[]> => {
    const [all = "none"] = await readdir(out);
    return (await readdir(join(out, all))).map((name) => join(out, all, name));
  };

  beforeAll(async () => {
    engines = await startThreeEngines();
    out = await mkdtemp(join(tmpdir(), "sinbin-test-"));
  }, hangGuardMs);
  afterAll(async () => {
    await engines?.[Symbol.asyncDispose]();
    await rm(out, { recursive: true, force: true });
  }, hangGuardMs);

  test("Ctrl-C leaves nothing in the swarm and no folder", { timeout: hangGuardMs }, async () => {
    const running = onSwarm("run", plan);
    const { child, ended } = running;
    await during(running, isRunning);
    child.kill("SIGINT");
    const { code, err } = await ended;
    expect([code, err]).toEqual([130, expect.stringContaining("interrupted")]);
    expect(await isClear()).toBe(true);
    expect(await readdir(out)).toEqual([]);
  });

  test("nothing is left in the swarm after kill -9 of the harness", { timeout: hangGuardMs }, async () => {
    const running = onSwarm("run", plan);
    const { child, ended } = running;
    await during(running, isRunning);
    child.kill("SIGKILL");
    await ended;
    await until(isClear);
    expect(await isClear()).toBe(true);
    await rm(out, { recursive: true });
  });

  test(
    "an image that no node has is said of each, and nothing is tried for ever",
    { timeout: hangGuardMs },
    async () => {
      const { code, err } = await onSwarm("run", plan, "--image", "sinbin-nowhere:1").ended;
      expect(code).toBe(2);
      for (const n of [1, 2, 3]) expect(err).toContain(`swarm-${n} has no image sinbin-nowhere:1, and gets no jobs`);
      expect(err).toContain("no node of the swarm can go on");
      expect(await isClear()).toBe(true);
      await rm(out, { recursive: true });
    },
  );

  test(
    "a node that dies costs no run, and all that is collected is what it would be here",
    { timeout: hangGuardMs },
    async () => {
      const junit = `${out}.xml`;
      const running = onSwarm("run", plan, "--junit", junit, "--per-node", "1");
      await during(running, () => isRunningOn("swarm-3"));
      engines.kill(3);
      // And what one task of another one would have handed over is lost with it.
      const killOne = async (): Promise<boolean> => {
        const container = await engines.docker(1, "ps", "--quiet");
        return container !== "" && (await engines.docker(1, "kill", container).catch(() => "")) !== "";
      };
      await during(running, killOne);
      const { code, out: report, err } = await running.ended;
      expect([code, report]).toEqual([0, expect.stringContaining("pass: 5 passed")]);
      expect(err).toContain("swarm-3: the node is gone; its job is started again");
      expect(err).toMatch(/^swarm-1: it handed nothing over \(.*137.*\); its job is started again$/m);
      expect(err).toMatch(/^swarm-1: 1 running.* · swarm-2: 1 running/m);
      expect(await readFile(junit, "utf8")).toContain('<testsuite name="three-minutes (outage=9s)"');
      await rm(junit);

      const folders = await runFolders();
      const records = await Promise.all(folders.map((folder) => readJson(join(folder, "run.json"))));
      const places = records.map(({ swarm }) => swarm as { readonly node: string; readonly lost: readonly string[] });
      expect(new Set(places.map(({ node }) => node))).toEqual(new Set(["swarm-1", "swarm-2"]));
      expect(places.flatMap(({ lost }) => lost)).toContain("swarm-3: the node is gone");

      const here = await mkdtemp(join(tmpdir(), "sinbin-test-"));
      await start(["run", plan, "--world", "sim", "--cell", "outage=5s", "--out", here], {}).ended;
      const [same = ""] = await readdir(here);
      for (const file of ["history.jsonl", "plan.json", "schedule.json", "verdict.json"])
        expect(await readFile(join(folders[0] ?? "", file), "utf8")).toBe(
          await readFile(join(here, same, "three-minutes-5s", file), "utf8"),
        );
      await rm(here, { recursive: true });
      expect(await isClear()).toBe(true);
      await rm(out, { recursive: true });
    },
  );

  test("a hunt finds what it finds here, on the nodes that are left", { timeout: hangGuardMs }, async () => {
    const hunt = ["hunt", huntable, "--without", "node:sync-state", "--seeds", "24", "--keep-going", "--no-shrink"];
    const [there, here] = await Promise.all([
      onSwarm(...hunt).ended,
      start([...hunt, "--out", `${out}-here`], {}).ended,
    ]);
    await rm(`${out}-here`, { recursive: true, force: true });
    expect(failuresIn(here.out)).not.toEqual([]);
    expect([there.code, failuresIn(there.out)]).toEqual([1, failuresIn(here.out)]);
    expect(await isClear()).toBe(true);
  });
});

function failuresIn(text: string): readonly string[] {
  return text.split("\n").filter((line) => /^ {2}failed: /.test(line));
}

async function readJson(file: string): Promise<Readonly<Record<string, unknown>>> {
  return JSON.parse(await readFile(file, "utf8")) as Readonly<Record<string, unknown>>;
}
