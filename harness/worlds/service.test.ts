import { expect, test } from "vitest";
import { createRealHost } from "../../host/real.ts";
import type { Exit } from "../../host/host.ts";
import { WorldError } from "../errors.ts";
import type { Happening } from "../history/event.ts";
import type { Service } from "../plan/schema.ts";
import type { Life, LifeEvents } from "./life.ts";
import { createService } from "./service.ts";
import type { ServiceOptions, SupervisedService } from "./service.ts";

const image: Service = {
  image: "daemon:1",
  args: [],
  env: {},
  files: {},
  folder: ".",
  start_timeout: 30_000,
  stop_timeout: 1,
};

/** It runs until somebody signals it. */
function lifeOf(events: LifeEvents): Life {
  const { promise, resolve } = Promise.withResolvers<Exit>();
  let gone = false;
  return {
    exited: promise,
    isGone: () => gone,
    async signal() {
      gone = true;
      events.onExit({ code: 0, signal: undefined, ordered: true });
      resolve({ code: 0, signal: undefined });
      return true;
    },
    pause: async () => undefined,
    order: () => {},
  };
}

function create(more: Partial<ServiceOptions>): { service: SupervisedService; happenings: Happening[] } {
  const happenings: Happening[] = [];
  const service = createService({
    name: "cache",
    service: image,
    host: createRealHost({ name: "harness", directory: ".", seed: 1, log: () => {} }),
    startLife: async (_number, events) => lifeOf(events),
    readFile: async () => new Uint8Array(),
    targets: {} as ServiceOptions["targets"],
    newsOfEnds: async () => {},
    address: (port) => ({ host: "127.0.0.1", port }),
    record: (happening) => happenings.push(happening),
    write: () => {},
    onFields: (fields) => fields,
    onEnd: () => {},
    signal: new AbortController().signal,
    ...more,
  });
  return { service, happenings };
}

test.each([
  [{ line: "^Ready$" }, "Ready"],
  [{ log: "ready" }, '{"event":"ready"}'],
])("what a life says before its start has come to an end is heard after it: %j", async (ready, line) => {
  const { service, happenings } = create({
    service: { ...image, ready },
    async startLife(_number, events) {
      events.onLine("out", line, false);
      return lifeOf(events);
    },
  });
  await service.begin();
  expect(happenings.map(({ event }) => event)).toEqual(["service.start", "service.log", "service.ready"]);
});

test("a life that has ended before its start has come to an end can be started again", async () => {
  let lives = 0;
  const { service, happenings } = create({
    async startLife(_number, events) {
      const life = lifeOf(events);
      if (lives++ === 0) await life.signal("KILL", "main");
      return life;
    },
  });
  await service.targets.process.start();
  await service.targets.process.start();
  expect(happenings.map(({ event }) => event)).toEqual([
    "service.start",
    "service.exit",
    "service.start",
    "service.ready",
  ]);
});

test("an image that has no health check says so at once", async () => {
  const { service } = create({
    service: { ...image, ready: { healthy: true } },
    healthy: () => Promise.reject(new WorldError("has no HEALTHCHECK: write another ready, such as { port: 80 }")),
  });
  await expect(service.begin()).rejects.toThrow("cache has no HEALTHCHECK: write another ready, such as { port: 80 }");
});

test("one that is not healthy in time is told of", async () => {
  const { service } = create({
    service: { ...image, ready: { healthy: true }, start_timeout: 1 },
    healthy: () => new Promise(() => {}),
  });
  await expect(service.begin()).rejects.toThrow("cache was not ready within 1ms: its image's health check must pass");
});
