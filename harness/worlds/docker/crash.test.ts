/** Whenever and however a run ends, nothing of it stays: neither at the engine, nor among the processes of the machine. */
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { byNight } from "../../../host/night.testing.ts";
import { startCommand } from "./command.testing.ts";
import type { Command } from "./command.testing.ts";
import { hasEngine } from "./engine.testing.ts";
import { baseImage } from "./images.ts";
import { watchEngine } from "./watched-engine.testing.ts";
import type { WatchedEngine } from "./watched-engine.testing.ts";

const plan = `
phases:
  - { name: warm-up, until: answers.count > 0, timeout: 60s }
  - name: storm
    for: 10m
    faults:
      - process.pause: {}
        where: client
      - cpu.hog: { processes: 1 }
        where: echo
      - tcp.blackhole: {}
        where: fetch
        may_miss: true
expect:
  - never: echo.exited
`;
const endless = plan.replace("answers.count > 0", "answers.count > 1000000000").replace("60s", "10m");
const short = plan.replace("10m", "200ms");

interface Moment {
  readonly when: string;
  readonly plan: string;
  readonly arrives: (command: Command, engine: WatchedEngine) => Promise<unknown>;
}

const asked =
  (what: RegExp): Moment["arrives"] =>
  (_command, engine) =>
    engine.asked(what);
const told =
  (what: RegExp): Moment["arrives"] =>
  (command) =>
    command.told(what);

const moments: readonly Moment[] = [
  { when: "while it connects", plan, arrives: asked(/^GET \/info/) },
  { when: "while images are looked for", plan, arrives: asked(/^GET \/images\//) },
  { when: "while networks are made", plan, arrives: asked(/^POST \/networks\/create/) },
  { when: "while volumes are made", plan, arrives: asked(/^POST \/volumes\/create/) },
  { when: "while the gate is made", plan, arrives: asked(/^POST \/containers\/create\?name=\S*-gate/) },
  { when: "while containers are made", plan, arrives: asked(/^POST \/containers\/create\?name=\S*-client/) },
  { when: "while the gate starts", plan, arrives: asked(/^POST \/exec\/\w+\/start/) },
  { when: "while services start", plan, arrives: asked(/^POST \/containers\/\w+\/attach/) },
  { when: "while it warms up", plan: endless, arrives: told(/"event":"answer"/) },
  { when: "while a load is made", plan, arrives: asked(/^POST \/containers\/create\?name=\S*-load/) },
  { when: "in the middle of faults", plan, arrives: told(/"fault.hit".*cpu.hog|cpu.hog.*"fault.hit"/) },
  { when: "while it ends", plan: short, arrives: asked(/^DELETE \/containers\//) },
];

/** What the project promises after a kill, and ten times that for a machine that does other things as well. */
const promisedMs = 2000;
const hangGuardMs = 10 * promisedMs;
const betweenLooksMs = 20;

const interrupts = moments.map((moment, index) => ({
  ...moment,
  signal: index % 4 < 2 ? ("SIGINT" as const) : ("SIGTERM" as const),
}));

/** By day a quarter of the moments by a kill, and another quarter by an interrupt; by night all by both (`.ci/full`). */
const killMoments = moments.filter((_, index) => byNight || index % 4 === 2);
const interruptMoments = interrupts.filter((_, index) => byNight || index % 4 === 1);

describe.runIf(hasEngine)("the end of a run in containers", () => {
  test.each(killMoments)("kill -9 $when leaves nothing", async ({ when, plan, arrives }) => {
    await using engine = await watchEngine();
    await using command = await startCommand({ plan, environment: { DOCKER_HOST: engine.address } });
    await arrives(command, engine);
    command.child.kill("SIGKILL");
    const killed = performance.now();
    let seen = killed;
    // Until what watches over it has gone, something may still turn up.
    while (command.processes().length > 0) {
      if ((await command.left()).length > 0) seen = performance.now();
      await sleep(betweenLooksMs);
    }
    expect(await command.left()).toEqual([]);
    const tookMs = Math.round(seen - killed);
    process.stderr.write(`kill -9 ${when}: all that was at the engine was gone after ${tookMs} ms\n`);
    expect(tookMs).toBeLessThan(hangGuardMs);
  });

  test.each(interruptMoments)(
    "$signal $when ends it, with code 130 and nothing left",
    async ({ plan, arrives, signal }) => {
      await using engine = await watchEngine();
      await using command = await startCommand({ plan, environment: { DOCKER_HOST: engine.address } });
      await arrives(command, engine);
      // As a terminal does: to the whole group.
      process.kill(-command.pid, signal);
      expect(await command.exited).toBe(130);
      await command.gone();
      expect(await command.left()).toEqual([]);
      expect(existsSync(command.out)).toBe(false);
    },
  );

  test("an interrupt ends the wait for an engine that says nothing", async () => {
    await using engine = await watchEngine();
    engine.fallSilent();
    const asking = engine.asked(/^GET \/info/);
    await using command = await startCommand({ plan, environment: { DOCKER_HOST: engine.address } });
    await asking;
    process.kill(command.pid, "SIGINT");
    expect(await command.exited).toBe(130);
    await command.gone();
  });

  test("an interrupt ends a run whose engine says nothing more, and no folder is left; the rest goes when it speaks again", async () => {
    await using engine = await watchEngine();
    await using command = await startCommand({ plan, environment: { DOCKER_HOST: engine.address } });
    await command.told(/"event":"answer"/);
    engine.fallSilent();
    process.kill(command.pid, "SIGINT");
    const code = await command.exited;
    const isFolderLeft = existsSync(command.out);
    engine.speakAgain();
    await command.gone();
    expect({ code, isFolderLeft, left: await command.left() }).toEqual({ code: 130, isFolderLeft: false, left: [] });
  });

  // By night engines are killed and stopped, too (dead-engine.test.ts).
  test("a run whose engine says nothing more is unknown, with the reason, and what is left goes when it speaks again", async () => {
    await using engine = await watchEngine();
    await using command = await startCommand({ plan, environment: { DOCKER_HOST: engine.address } });
    await command.told(/"event":"answer"/);
    engine.fallSilent();
    expect(await command.exited).toBe(2);
    const [folder = ""] = readdirSync(command.out);
    const verdict = readFileSync(join(command.out, folder, "crash", "verdict.json"), "utf8");
    expect(JSON.parse(verdict)).toMatchObject({ verdict: "unknown" });
    expect(verdict).toContain("the Docker engine died in the middle of the run: silent for 10 s");
    engine.speakAgain();
    await command.gone();
    expect(await command.left()).toEqual([]);
  });

  test("an interrupt ends the build of an image, and nothing of that is left", async () => {
    const word = randomUUID();
    await using engine = await watchEngine();
    await using command = await startCommand({
      plan,
      environment: { DOCKER_HOST: engine.address },
      more: `  slow: { build: . }\n`,
      files: { Dockerfile: `FROM ${baseImage()}\nRUN : ${word} && exec sleep 1000\n`, ".dockerignore": "*" },
    });
    await engine.asked(/^POST \/build/);
    while (sleeping(word) === 0) await sleep(betweenLooksMs);
    process.kill(command.pid, "SIGTERM");
    expect(await command.exited).toBe(130);
    await command.gone();
    while (sleeping(word) > 0) await sleep(betweenLooksMs);
    expect(await command.left()).toEqual([]);
    expect(existsSync(command.out)).toBe(false);
  });

  test("two runs at once don't see each other, and the end of one leaves the other alone", async () => {
    await using one = await startCommand({ plan });
    await using other = await startCommand({ plan: short });
    await Promise.all([one.told(/cpu.hog/), other.exited]);
    expect(await other.exited).toBe(0);
    expect(await other.left()).toEqual([]);
    // A gate, two services, a load; a network and two volumes a service.
    expect(await one.left()).toHaveLength(4 + 2 + 4);
    process.kill(one.pid, "SIGINT");
    expect(await one.exited).toBe(130);
    await one.gone();
    expect(await one.left()).toEqual([]);
  });

  test("what is left when the reaper is killed as well goes when the next run begins", async () => {
    await using lost = await startCommand({ plan });
    await lost.told(/cpu.hog/);
    const reaper = lost.processes().find((pid) => wordsOf(pid).includes("reaper.ts"));
    process.kill(Number(reaper), "SIGKILL");
    lost.child.kill("SIGKILL");
    await lost.exited;
    expect((await lost.left()).length).toBeGreaterThan(0);
    await using next = await startCommand({ plan });
    await next.told(/"run.begin"/);
    await lost.gone();
    expect(await lost.left()).toEqual([]);
    process.kill(next.pid, "SIGTERM");
    expect(await next.exited).toBe(130);
  });
});

/** Containers that a build runs its step in. */
function sleeping(word: string): number {
  const found = execFileSync("docker", ["ps", "--all", "--no-trunc", "--format", "{{.Command}}"], { encoding: "utf8" });
  return found.split("\n").filter((line) => line.includes(word)).length;
}

function wordsOf(pid: string): string {
  return readFileSync(`/proc/${pid}/cmdline`, "latin1");
}
