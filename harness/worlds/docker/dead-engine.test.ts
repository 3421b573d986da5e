/** An engine that dies in the middle of a run, or answers no more: the verdict is unknown, with the reason, and what was left goes when it is back. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startCommand } from "./command.testing.ts";
import { hasEngine } from "./engine.testing.ts";
import { connectEngine } from "./engine.ts";
import { createImages } from "./images.ts";
import { runLabel } from "./labels.ts";
import { loadImage, startOwnEngine } from "./own-engine.testing.ts";
import type { OwnEngine } from "./own-engine.testing.ts";

const plan = `
phases:
  - { name: warm-up, until: answers.count > 0, timeout: 60s }
  - name: storm
    for: 10m
    faults:
      - { tcp.latency: { delay: 5ms }, where: fetch }
expect:
  - never: echo.exited
`;

describe.runIf(hasEngine)("an engine", () => {
  let engine: OwnEngine;
  beforeAll(async () => {
    engine = await startOwnEngine();
    using ours = await connectEngine();
    await loadImage(await createImages(ours, () => {}).own(), [engine]);
  });
  afterAll(() => engine[Symbol.asyncDispose]());

  test.each([
    {
      how: "that is killed",
      signal: "SIGKILL",
      reason: /the (Docker engine died|gate is gone)/,
      back: () => engine.restart(),
    },
    {
      how: "that stands still",
      signal: "SIGSTOP",
      reason: /the Docker engine died in the middle of the run: silent for 10 s/,
      back: async () => engine.signal("SIGCONT"),
    },
  ] as const)(
    "$how makes the run unknown, and what was left goes when it is back",
    async ({ signal, reason, back }) => {
      await using command = await startCommand({ plan, environment: { DOCKER_HOST: engine.address } });
      await command.told(/"event":"fault.hit"/);
      expect(engine.list(runLabel).length).toBeGreaterThan(0);
      engine.signal(signal);
      const died = performance.now();
      expect(await command.exited).toBe(2);
      process.stderr.write(`${signal} to the engine: unknown after ${Math.round(performance.now() - died)} ms\n`);
      const [folder = ""] = readdirSync(command.out);
      const verdict = readFileSync(join(command.out, folder, "crash", "verdict.json"), "utf8");
      expect(JSON.parse(verdict)).toMatchObject({ verdict: "unknown" });
      expect(verdict).toMatch(reason);
      await back();
      await command.gone();
      expect(engine.list(runLabel)).toEqual([]);
    },
  );
});
