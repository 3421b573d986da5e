/**
 * A Docker Swarm as a place for jobs: what has to be there before the first one, and what has to be gone after the last.
 *
 *     send ──► jobs.ts ──► one service a job, on one node ──► what it wrote, through the manager ──► parcel
 */
import type { Clock } from "../../host/host.ts";
import { WorldError } from "../errors.ts";
import { removeOrphans, removeRun } from "../worlds/docker/cleanup.ts";
import { connectEngine } from "../worlds/docker/engine.ts";
import type { Engine } from "../worlds/docker/engine.ts";
import { createImages, describeOwn } from "../worlds/docker/images.ts";
import { labelsOf } from "../worlds/docker/labels.ts";
import { startReaper } from "../worlds/docker/reaper-process.ts";
import { createJobs } from "./jobs.ts";
import type { Jobs } from "./jobs.ts";

export interface Swarm extends AsyncDisposable, Jobs {
  readonly image: string;
}

export interface SwarmOptions {
  /** Unique; all that is made carries it. */
  readonly run: string;
  readonly clock: Clock;
  /** In a registry; by default one is made of this very sinbin, and has to be brought to the nodes. */
  readonly image?: string | undefined;
  /** Of a node with so many cores: jobs at a time. */
  readonly placesOf: (cpus: number) => number;
  readonly signal: AbortSignal;
  /** A line at a time. */
  readonly onProgress: (line: string) => void;
}

/** @throws {WorldError} if no engine answers, or if it manages no swarm. */
export async function startSwarm({ run, clock, placesOf, signal, onProgress, ...given }: SwarmOptions): Promise<Swarm> {
  await using stack = new AsyncDisposableStack();
  const engine = stack.use(await connectEngine());
  const { swarm } = engine;
  if (swarm === undefined)
    throw new WorldError(
      `the engine (${engine.name}) is no manager of a swarm: make it one with "docker swarm init", or lead DOCKER_HOST to one`,
    );
  await removeOrphans(engine);
  const { digest } = await describeOwn();
  const image = given.image ?? (await createImages(engine, onProgress).tool());
  signal.throwIfAborted();
  stack.use(await startReaper(run));
  stack.defer(() => clear(engine, run));

  const jobs = stack.use(
    createJobs({ swarm, run, labels: labelsOf(run), image, digest, clock, placesOf, signal, onProgress }),
  );
  engine.dead.catch((error: unknown) => jobs.fail(error));
  await jobs.seen;
  const owned = stack.move();
  return { ...jobs, image, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function clear(engine: Engine, run: string): Promise<void> {
  const done = await Promise.race([removeRun(engine, run), engine.dead.catch(() => false)]);
  if (!done) throw new WorldError('some of the jobs are left in the swarm: run "sinbin reap" when it answers again');
}
