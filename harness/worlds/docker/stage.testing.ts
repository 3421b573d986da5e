/** The docker world in tests: a run with services of the fixtures, whose remains must all be gone when it is over. */
import { faults } from "../../../faults/registry.ts";
import { mkdtemp, rm } from "node:fs/promises";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import type { Happening } from "../../history/event.ts";
import type { Link, Service } from "../../plan/schema.ts";
import { inject } from "../../run/inject.ts";
import type { World } from "../world.ts";
import type { Engine, Listed } from "./engine.ts";
import { theEngine } from "./engine.testing.ts";
import { createImages } from "./images.ts";
import { runLabel } from "./labels.ts";
import { startDockerWorld } from "./world.ts";

/** Far beyond what anything takes: a hang becomes a failure. */
const guardMs = 120_000;

export interface Stage extends AsyncDisposable {
  readonly world: World;
  readonly happenings: readonly Happening[];
  until(condition: () => boolean): Promise<void>;
  /** As a step of a plan would. */
  inject(kind: string, where: string, parameters?: object): Promise<Injected>;
}

export interface Injected {
  /** Details, in their order. */
  readonly hits: readonly Readonly<Record<string, unknown>>[];
  /** Resolves at the first hit. */
  readonly hit: Promise<void>;
  lift(): Promise<void>;
}

export interface Cast {
  readonly services: Readonly<Record<string, Service>>;
  readonly links?: Readonly<Record<string, Link>>;
  /** Services that have a virtual clock. */
  readonly clocks?: readonly string[];
}

export async function openStage({ services, links = {}, clocks = [] }: Cast): Promise<Stage> {
  const engine = theEngine();
  await using opening = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "sinbin-test-"));
  opening.defer(() => rm(directory, { recursive: true }));
  const over = new AbortController();
  const guard = setTimeout(() => over.abort(new Error("the test hangs")), guardMs);
  opening.defer(() => clearTimeout(guard));
  const happenings: Happening[] = [];
  const news = new EventTarget();
  const world = await startDockerWorld({
    engine,
    images: createImages(engine, () => {}),
    services: new Map(Object.entries(services)),
    links: new Map(Object.entries(links)),
    inner: new Map(),
    without: new Map(),
    journalled: new Set(),
    clocks: new Set(clocks),
    seed: 1,
    directory,
    record(happening) {
      happenings.push(happening);
      news.dispatchEvent(new Event("happening"));
    },
    signal: over.signal,
  });
  opening.defer(async () => expect(await remains(engine)).toEqual([]));
  opening.use(world);
  for (const service of world.services.values()) await service.begin();
  const opened = opening.move();
  return {
    world,
    happenings,
    async until(condition) {
      while (!condition()) await once(news, "happening", { signal: over.signal });
    },
    async inject(kind, where, parameters = {}) {
      const ended = new AbortController();
      const hits: Readonly<Record<string, unknown>>[] = [];
      const first = Promise.withResolvers<void>();
      over.signal.addEventListener("abort", () => first.reject(over.signal.reason));
      first.promise.catch(() => {});
      const injected = await inject({
        world,
        repertoire: faults,
        seed: 1,
        step: kind,
        occurrence: { n: 0, at: 0, kind, where: [where], parameters: { ...parameters }, match: {}, mayMiss: false },
        signal: ended.signal,
        onHit(_where, detail) {
          hits.push(detail);
          first.resolve();
        },
      });
      return {
        hits,
        hit: first.promise,
        async lift() {
          ended.abort();
          await injected[Symbol.asyncDispose]();
        },
      };
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** Of the runs of this process. */
async function remains(engine: Engine): Promise<readonly Listed[]> {
  return (await engine.list(runLabel)).filter(({ labels }) => labels["sinbin.pid"] === String(process.pid));
}

export function program(url: URL): Service {
  return {
    program: url.pathname,
    args: [],
    env: {},
    files: {},
    folder: ".",
    start_timeout: 30_000,
    stop_timeout: 2000,
  };
}
