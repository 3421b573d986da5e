/** A service whose process is this machine's Node, on the real clock. */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Clock } from "../../../host/host.ts";
import { createRealHost } from "../../../host/real.ts";
import { realClock } from "../../../host/real/clock.ts";
import type { Happening } from "../../history/event.ts";
import type { Service } from "../../plan/schema.ts";
import { prepareLocalService } from "./service.ts";
import type { SupervisedService } from "../service.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "sinbin-test-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

interface Scene extends AsyncDisposable {
  readonly service: SupervisedService;
  readonly interrupt: () => void;
  readonly happened: (event: Happening["event"]) => readonly Happening[];
  /** Until there are so many of this event. */
  readonly until: (event: Happening["event"], count?: number) => Promise<void>;
}

/** It is ready when its script calls `up()`. */
async function startScene(script: string, more: Partial<Service> = {}, clock: Clock = realClock): Promise<Scene> {
  const happenings: Happening[] = [];
  const news = new EventTarget();
  const interrupted = new AbortController();
  const up = `const up = () => console.log('{"event":"ready"}'); setInterval(() => {}, 1000);`;
  const service = await prepareLocalService({
    name: "node",
    service: {
      args: [],
      env: {},
      files: {},
      folder: ".",
      start_timeout: 30_000,
      stop_timeout: 2000,
      command: [],
      ready: { log: "ready" },
      ...more,
    },
    host: { ...createRealHost({ name: "harness", directory, seed: 1 }), clock },
    run: randomUUID(),
    directory,
    control: join(directory, "control"),
    remembers: false,
    command: [process.execPath, "-e", `${up} ${script}`],
    executable: process.execPath,
    environment: () => ({}),
    address: (port) => ({ host: "127.0.0.1", port }),
    record: (happening) => {
      happenings.push(happening);
      news.dispatchEvent(new Event("happening"));
    },
    write: () => {},
    onFields: (fields) => fields,
    onEnd: () => {},
    signal: interrupted.signal,
  });
  const happened: Scene["happened"] = (event) => happenings.filter((happening) => happening.event === event);
  return {
    service,
    interrupt: () => interrupted.abort(new Error("interrupted")),
    happened,
    async until(event, count = 1) {
      while (happened(event).length < count) await once(news, "happening");
    },
    [Symbol.asyncDispose]: () => service.end(2000),
  };
}

test("a supervised restart that fails is told of", async () => {
  await using scene = await startScene("up()", { restart: { after: 1 } });
  await scene.service.begin();
  // Nothing can be started in a directory that is gone.
  await rm(directory, { recursive: true });
  await scene.service.targets.process.signal("KILL", "main");
  await scene.until("run.trouble");
  expect(scene.happened("run.trouble")).toEqual([
    { event: "run.trouble", reason: expect.stringMatching(/^node can't be started: .*ENOENT/) },
  ]);
});

test("a structured line that is too long is told of, once", async () => {
  const long = `console.log(JSON.stringify({ event: "slivers", names: "x".repeat(100_000) }));`;
  await using scene = await startScene(`console.log("x".repeat(100_000)); ${long} ${long} up()`);
  await scene.service.begin();
  expect(scene.happened("run.trouble")).toEqual([
    { event: "run.trouble", reason: expect.stringMatching(/^node wrote a line longer than 64 KiB/) },
  ]);
});

test("an interrupt ends the patience with a service that is being stopped, and nothing is started any more", async () => {
  await using scene = await startScene("process.on('SIGTERM', () => console.log('no')); up()", {
    stop_timeout: 600_000,
  });
  await scene.service.begin();
  const stopped = scene.service.targets.process.stop();
  // It has heard TERM, and will not go.
  await scene.until("service.log", 2);
  scene.interrupt();
  expect(await stopped).toBe(true);
  expect(scene.happened("service.exit")).toEqual([
    { event: "service.exit", service: "node", signal: "KILL", ordered: true },
  ]);
  await expect(scene.service.targets.process.start()).rejects.toThrow("interrupted");
});

test("after an interrupt, nobody waits at the end of the world", async () => {
  await using scene = await startScene("process.on('SIGTERM', () => {}); up()", { stop_timeout: 600_000 });
  await scene.service.begin();
  scene.interrupt();
  await scene.service.end(600_000);
  expect(scene.happened("service.exit")).toHaveLength(1);
});

test("there is nothing to stop where nothing runs, and a supervised service comes back all the same", async () => {
  const patience = Promise.withResolvers<void>();
  await using scene = await startScene(
    "up()",
    { restart: { after: 1 } },
    { ...realClock, sleep: () => patience.promise },
  );
  expect(await scene.service.targets.process.stop()).toBe(false);
  await scene.service.begin();
  const killed = scene.service.targets.process.signal("KILL", "main");
  await scene.until("service.exit");
  expect([await killed, await scene.service.targets.process.stop()]).toEqual([true, false]);
  patience.resolve();
  await scene.until("service.ready", 2);
});

test("a service that is dead can't be signalled, paused or stopped", async () => {
  await using scene = await startScene("up()");
  await scene.service.begin();
  const { process: target } = scene.service.targets;
  expect(await target.signal("KILL", "main")).toBe(true);
  await scene.until("service.exit");
  expect([await target.signal("KILL", "main"), await target.pause("group"), await target.stop()]).toEqual([
    false,
    undefined,
    false,
  ]);
});
