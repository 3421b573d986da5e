/**
 * Jobs on the nodes of a swarm. Its manager starts a job on the node that we name, and does nothing about it when that node dies: so we look again and again,
 * and start elsewhere what is lost.
 *
 *     send ──► spread ──place──► service ──look──► ended ──► what it wrote ──► parcel
 *                ▲                  │                            │
 *                └───── lost ───────┴──── lost: not whole ───────┘
 */
import type { Clock } from "../../host/host.ts";
import { HarnessError, WorldError } from "../errors.ts";
import type { Labels } from "../worlds/docker/engine.ts";
import type { SwarmEngine } from "../worlds/docker/engine-swarm.ts";
import { homeInImage } from "../worlds/docker/images.ts";
import { runLabel } from "../worlds/docker/labels.ts";
import { readFrame } from "./frame.ts";
import { unpackParcel } from "./parcel.ts";
import type { Parcel } from "./parcel.ts";
import { createSpread } from "./spread.ts";
import type { NodeState, NodeView, Placement } from "./spread.ts";
import { stageOf } from "./stage.ts";
import type { Stage } from "./stage.ts";

/** One start of sinbin's command line, on some node. */
export interface Work {
  readonly command: string;
  /** Behind the path of the plan, on a node with so many cores. */
  readonly args: (cpus: number) => readonly string[];
  readonly plan: { readonly name: string; readonly text: string };
}

export type Outcome =
  | { readonly type: "delivered"; readonly node: string; readonly parcel: Parcel; readonly lost: readonly string[] }
  /** Why each of the tries was lost. */
  | { readonly type: "lost"; readonly lost: readonly string[] };

export interface Jobs extends AsyncDisposable {
  /** Resolves when the nodes were seen for the first time. */
  readonly seen: Promise<void>;
  /** @throws {HarnessError} if no node can do it, or the manager is silent. @throws the signal's reason. */
  send(work: Work): Promise<Outcome>;
  nodes(): readonly NodeState[];
  waiting(): number;
  /** Nothing can go on. */
  fail(error: unknown): void;
}

export interface JobsOptions {
  readonly swarm: SwarmEngine;
  readonly run: string;
  readonly labels: Labels;
  readonly image: string;
  /** Of the sinbin that has to be in the image. */
  readonly digest: string;
  readonly clock: Clock;
  readonly placesOf: (cpus: number) => number;
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
}

interface Job {
  readonly work: Work;
  readonly lost: string[];
  readonly done: PromiseWithResolvers<Outcome>;
}

interface UnderWay {
  readonly placement: Placement<Job>;
  /** Undefined until the manager has it. */
  service: string | undefined;
  readonly began: number;
  /** When it was first seen to have ended. */
  ended: number | undefined;
  fetching: boolean;
}

const tries = 3;
const betweenLooksMs = 200;
/** So long may take what an ended task wrote until it is here. */
const patienceMs = 10_000;
/** A swarm may have to elect another leader. So long may it take, too, until a new job has a task. */
const silenceMs = 30_000;
const task = `${homeInImage}/harness/cli/swarm-task.ts`;

export function createJobs(options: JobsOptions): Jobs {
  const { swarm, run, labels, image, digest, clock, placesOf, signal, onProgress } = options;
  const spread = createSpread<Job>({ tries });
  const open = new Set<Job>();
  const underWay = new Map<Placement<Job>, UnderWay>();
  const configs = new Map<string, { readonly id: string; readonly name: string }>();
  const over = new AbortController();
  const seen = Promise.withResolvers<void>();
  seen.promise.catch(() => {});
  let failure: { readonly error: unknown } | undefined;
  let made = 0;

  const nameNext = (): string => `sinbin-${run}-${(made += 1)}`;
  const fail = (error: unknown): void => {
    failure ??= { error };
    seen.reject(error);
    for (const job of open) job.done.reject(error);
    open.clear();
    over.abort();
  };
  const settle = (job: Job, outcome: Outcome): void => {
    open.delete(job);
    job.done.resolve(outcome);
  };
  /** What is left of it in the swarm goes at once; what can't goes at the end. */
  const leave = ({ placement, service }: UnderWay): void => {
    underWay.delete(placement);
    if (service !== undefined) swarm.removeService(service).catch(() => {});
  };
  const lose = (each: UnderWay, reason: string): void => {
    const { job, node } = each.placement;
    leave(each);
    job.lost.push(`${node.name}: ${reason}`);
    const all = spread.lose(each.placement, reason);
    if (all !== undefined) settle(job, { type: "lost", lost: all });
    else onProgress(`${node.name}: ${reason}; its job is started again`);
  };

  const configOf = async ({ text }: Work["plan"]): Promise<{ readonly id: string; readonly name: string }> => {
    const known = configs.get(text);
    if (known !== undefined) return known;
    const name = nameNext();
    const config = { id: await swarm.createConfig({ name, labels, data: text }), name };
    configs.set(text, config);
    return config;
  };
  const start = async (each: UnderWay): Promise<void> => {
    const { job, node } = each.placement;
    const { command, args, plan } = job.work;
    const path = `/plans/${plan.name}`;
    each.service = await swarm.createJob({
      name: nameNext(),
      labels,
      image,
      entrypoint: ["node", task],
      args: [command, path, ...args(node.cpus)],
      node: node.id,
      files: new Map([[path, await configOf(plan)]]),
    });
  };

  /** What an ended task wrote. Of one that ended well it may be under way still: then the next look asks again. */
  const fetch = async (each: UnderWay, service: string, { how, well }: Stage & { type: "ended" }): Promise<void> => {
    each.fetching = true;
    const output = await swarm.output(service).catch((error: unknown) => error as Error);
    each.fetching = false;
    if (!underWay.has(each.placement)) return;
    const frame = output instanceof Error ? undefined : readFrame(output.toString("latin1"));
    if (frame?.type === "whole") return deliver(each, frame.content);
    if (well && clock.monotonic() - (each.ended ?? 0) < patienceMs) return;
    lose(each, `${output instanceof Error ? output.message : frame?.reason} (${how})`);
  };
  const deliver = (each: UnderWay, content: Uint8Array): void => {
    const { job, node } = each.placement;
    const parcel = unpackParcel(content);
    if (parcel.digest !== digest)
      return fail(
        new HarnessError(
          `the image ${image} on ${node.name} has another sinbin (${parcel.digest}) than this one (${digest}): build it anew (docker build --target tool --tag ${image} .) and bring it to the nodes`,
        ),
      );
    if (parcel.signal !== null) return lose(each, `sinbin was killed there by ${parcel.signal}`);
    leave(each);
    spread.finish(each.placement);
    settle(job, { type: "delivered", node: node.name, parcel, lost: job.lost });
  };

  const look = async (): Promise<void> => {
    const views = namedApart(await swarm.nodes()).map(({ id, name, ready, active, cpus }): NodeView => ({
      id,
      name,
      ready,
      cpus,
      places: active ? placesOf(cpus) : 0,
    }));
    for (const placement of spread.see(views)) {
      const each = underWay.get(placement);
      if (each !== undefined) lose(each, "the node is gone");
    }
    seen.resolve();

    const tasks = new Map((await swarm.tasks(`${runLabel}=${run}`)).map((found) => [found.service, found]));
    const now = clock.monotonic();
    for (const each of underWay.values()) {
      const { service, placement } = each;
      const found = service === undefined ? undefined : tasks.get(service);
      if (service !== undefined && found === undefined && now - each.began > silenceMs)
        lose(each, "its task is not there any more: somebody has removed it");
      if (service === undefined || found === undefined || each.fetching) continue;
      const stage = stageOf(found);
      if (stage.type === "lost") lose(each, stage.reason);
      if (stage.type === "without image") {
        leave(each);
        spread.exclude(placement, `it has no image ${image}`);
        onProgress(`${placement.node.name} has no image ${image}, and gets no jobs: ${remedyFor(placement.node.name)}`);
      }
      if (stage.type === "ended") {
        each.ended ??= now;
        void fetch(each, service, stage).catch(fail);
      }
    }

    for (let placement = spread.place(); placement !== undefined; placement = spread.place())
      underWay.set(placement, { placement, service: undefined, began: now, ended: undefined, fetching: false });
    for (const each of underWay.values()) if (each.service === undefined && !over.signal.aborted) await start(each);
    const stranded = spread.stranded();
    if (stranded !== undefined) throw new HarnessError(`no node of the swarm can go on: ${stranded.join("; ")}`);
  };
  const remedyFor = (node: string): string =>
    options.image.startsWith("sinbin-tool:")
      ? `docker save ${image} | docker -H ssh://${node} load, or push it to a registry and name it there with --image`
      : `"docker pull ${image}" on it says why`;

  const watch = async (): Promise<void> => {
    let heard = clock.monotonic();
    for (;;) {
      try {
        await look();
        heard = clock.monotonic();
      } catch (error) {
        if (!(error instanceof WorldError) || clock.monotonic() - heard > silenceMs) return fail(error);
      }
      try {
        await clock.sleep(betweenLooksMs, { signal: over.signal });
      } catch {
        return;
      }
    }
  };

  const stop = (): void => fail(signal.reason);
  signal.addEventListener("abort", stop);
  if (signal.aborted) stop();
  const watching = watch();

  return {
    seen: seen.promise,
    async send(work) {
      if (failure !== undefined) throw failure.error;
      const job: Job = { work, lost: [], done: Promise.withResolvers() };
      open.add(job);
      spread.add(job);
      return job.done.promise;
    },
    nodes: () => spread.nodes(),
    waiting: () => spread.waiting,
    fail,
    async [Symbol.asyncDispose]() {
      signal.removeEventListener("abort", stop);
      over.abort();
      await watching;
    },
  };
}

/** Machines may have one name, and nobody should have to read ids. */
function namedApart<Node extends { readonly id: string; readonly hostname: string }>(
  nodes: readonly Node[],
): readonly (Node & { readonly name: string })[] {
  return nodes
    .map((node) => {
      const shared = nodes.some(({ id, hostname }) => id !== node.id && hostname === node.hostname);
      return { ...node, name: shared ? `${node.hostname} (${node.id.slice(0, 6)})` : node.hostname };
    })
    .toSorted((one, other) => (one.name < other.name ? -1 : 1));
}
