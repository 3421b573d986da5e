/** Engines that are elsewhere: nothing relies on loopback, nor on files of the harness's machine. */
import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startCommand } from "./command.testing.ts";
import { hasEngine } from "./engine.testing.ts";
import { connectEngine } from "./engine.ts";
import { createImages } from "./images.ts";
import { pidLabel } from "./labels.ts";
import { loadImage, startOwnEngine } from "./own-engine.testing.ts";
import type { OwnEngine } from "./own-engine.testing.ts";
import { hasSshServer, startSshServer } from "./ssh.testing.ts";

const suitePlan = fileURLToPath(new URL("../../../suites/1-networks/refused-then-back.yaml", import.meta.url));
const talk = `
phases:
  - { name: warm-up, until: answers.count > 0, timeout: 60s }
  - name: slow
    for: 500ms
    faults:
      - { tcp.latency: { delay: 5ms }, where: fetch }
  - name: frozen
    for: 500ms
    faults:
      - { cpu.freeze: {}, where: echo }
expect:
  - never: echo.exited
`;

describe.runIf(hasEngine)("engines elsewhere", () => {
  const [open, secured] = [openEngine(), openEngine({ secure: true })];
  beforeAll(async () => {
    using engine = await connectEngine();
    await loadImage(await createImages(engine, () => {}).own(), [open.engine(), secured.engine()]);
  });

  describe("that everybody may speak to", () => {
    const far = open;

    test("a suite's plan passes at the engine of DOCKER_HOST", async () => {
      expect(await runAt(far.engine(), suitePlan, { DOCKER_HOST: far.engine().address })).toEqual(passed);
    });

    test("a plan passes at the engine of the context in use", async () => {
      const configuration = await far.context(`host=${far.engine().address}`);
      execFileSync("docker", ["--config", configuration, "context", "use", "far"]);
      expect(await runAt(far.engine(), talk, { DOCKER_CONFIG: configuration })).toEqual(passed);
    });
  });

  describe.runIf(hasSshServer)("that are reached by ssh", () => {
    const far = open;
    const here = async (work: (environment: Readonly<Record<string, string>>) => Promise<void>): Promise<void> => {
      await using server = await startSshServer();
      const address = `ssh://${userInfo().username}@127.0.0.1:${server.port}${far.engine().socket}`;
      await work({ DOCKER_HOST: address, PATH: server.path });
    };

    test("a plan passes", () =>
      here(async (environment) => {
        expect(await runAt(far.engine(), talk, environment)).toEqual(passed);
      }));

    test("a harness that is killed leaves neither anything at the engine nor a process of ssh", () =>
      here(async (environment) => {
        await using command = await startCommand({ plan: talk, environment });
        await command.told(/"service.ready"/);
        process.kill(command.pid, "SIGKILL");
        await command.gone();
        expect(far.engine().list(`${pidLabel}=${command.pid}`)).toEqual([]);
      }));

    test("whoever is not let in, or finds no engine, is told", () =>
      here(async (environment) => {
        const complain = async (changed: Readonly<Record<string, string>>): Promise<string> => {
          await using command = await startCommand({ plan: talk, environment: { ...environment, ...changed } });
          expect(await command.exited).toBe(2);
          return command.complaint();
        };
        expect(await complain({ PATH: process.env["PATH"] ?? "" })).toMatch(/not reached: .*see that "ssh -p/);
        const nowhere = environment["DOCKER_HOST"]?.replace(far.engine().socket, "/nowhere.sock") ?? "";
        expect(await complain({ DOCKER_HOST: nowhere })).toMatch(/no Docker engine answers .*ssh says: .*open failed/);
      }));
  });

  describe("that want to know who speaks to them", () => {
    const far = secured;

    test("a plan passes at the engine of DOCKER_HOST, with the certificates of DOCKER_CERT_PATH", async () => {
      const { address, certificates } = far.engine();
      expect(
        await runAt(far.engine(), talk, {
          DOCKER_HOST: address,
          DOCKER_TLS_VERIFY: "1",
          DOCKER_CERT_PATH: certificates,
        }),
      ).toEqual(passed);
    });

    test("a plan passes at the engine of DOCKER_CONTEXT, with the certificates of the context", async () => {
      const { address, certificates } = far.engine();
      const files = ["ca", "cert", "key"].map((name) => `${name}=${certificates}/${name}.pem`);
      const configuration = await far.context([`host=${address}`, ...files].join());
      expect(await runAt(far.engine(), talk, { DOCKER_CONFIG: configuration, DOCKER_CONTEXT: "far" })).toEqual(passed);
    });
  });
});

interface Outcome {
  readonly code: number | null;
  /** Objects of the run in the middle of it, at either engine, and what is left of them. */
  readonly here: number;
  readonly there: number;
  readonly left: readonly string[];
}

const passed: Outcome = { code: 0, here: 0, there: expect.any(Number), left: [] };

async function runAt(engine: OwnEngine, plan: string, environment: Readonly<Record<string, string>>): Promise<Outcome> {
  await using command = await startCommand({ plan, environment });
  await command.told(/"service.ready"/);
  const label = `${pidLabel}=${command.pid}`;
  const there = engine.list(label).length;
  if (there === 0) throw new Error("nothing of it is at that engine");
  const here = (await command.left()).length;
  const code = await command.exited;
  if (code !== 0) process.stderr.write(command.complaint());
  return { code, here, there, left: engine.list(label) };
}

/** For the tests of the `describe` that it is called in; with configurations of Docker's own command line that know it as the context `far`. */
function openEngine(options: Parameters<typeof startOwnEngine>[0] = {}) {
  let engine: OwnEngine | undefined;
  const configurations: string[] = [];
  beforeAll(async () => {
    engine = await startOwnEngine(options);
  });
  afterAll(async () => {
    await engine?.[Symbol.asyncDispose]();
    for (const configuration of configurations) await rm(configuration, { recursive: true });
  });
  return {
    engine(): OwnEngine {
      if (engine === undefined) throw new Error("it has not been started");
      return engine;
    },
    async context(endpoint: string): Promise<string> {
      const configuration = await mkdtemp(join(tmpdir(), "sinbin-test-"));
      configurations.push(configuration);
      execFileSync("docker", ["--config", configuration, "context", "create", "far", "--docker", endpoint]);
      return configuration;
    },
  };
}
