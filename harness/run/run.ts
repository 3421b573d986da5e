/**
 * One plan, one cell of its matrix, one seed, in one world: from the schedule to the verdict and the run folder.
 *
 *     schedule ──► world ──► timeline + probes ──► history ──► judge ──► verdict.json
 */
import type { Clock, Host } from "../../host/host.ts";
import { Interrupted, WorldError } from "../errors.ts";
import { createHistory } from "../history/history.ts";
import type { History } from "../history/history.ts";
import { judge } from "../judge/judge.ts";
import type { Judgement } from "../judge/judge.ts";
import { createMonitor } from "../judge/monitor.ts";
import { createPending } from "../judge/pending.ts";
import type { Plan, Written } from "../plan/schema.ts";
import { createSchedule } from "../schedule/schedule.ts";
import type { Schedule } from "../schedule/schedule.ts";
import type { StartWorld, World } from "../worlds/world.ts";
import type { Capability } from "../worlds/capability.ts";
import { lackOf } from "../worlds/needs.ts";
import { openFolder } from "./folder.ts";
import { createLive } from "./live.ts";
import { runProbes } from "./probes.ts";
import { unlessAborted, walk } from "./timeline.ts";

export interface RunOptions {
  readonly plan: Plan;
  readonly cell: Readonly<Record<string, Written>>;
  readonly seed: number;
  /** Guards that are switched off, by service. */
  readonly without: ReadonlyMap<string, readonly string[]>;
  /** `clock` is the world's time: it stamps the history from before the first service starts. */
  readonly world: {
    readonly name: "local";
    readonly capabilities: ReadonlySet<Capability>;
    readonly clock: Clock;
    readonly start: StartWorld;
  };
  /** The machine that sinbin itself runs on: the run folder is written there. */
  readonly host: Host;
  /** Made by this run; must not be there yet. */
  readonly directory: string;
  /** What `run.json` says of how the run came about. */
  readonly about: Readonly<Record<string, unknown>>;
  readonly signal: AbortSignal;
  /** For live progress: the history as it grows. */
  readonly onHistory?: (history: History, schedule: Schedule) => void;
}

export interface RunResult extends Judgement {
  readonly seconds: number;
  readonly directory: string;
}

/** @throws the signal's reason if it was aborted: such a run has no verdict; if it was interrupted, its folder is removed. */
export async function runPlan(options: RunOptions): Promise<RunResult> {
  const { plan, cell, seed, host, directory, signal } = options;
  const schedule = createSchedule(plan, { seed, cell });
  const folder = await openFolder(host, directory);
  try {
    await folder.write("plan.json", plan);
    await folder.write("schedule.json", schedule);
    const began = host.clock.monotonic();
    await folder.write("run.json", {
      ...options.about,
      plan: plan.plan,
      seed,
      cell,
      world: options.world.name,
    });

    await using history = createHistory({ clock: options.world.clock, file: await folder.open("history.jsonl") });
    options.onHistory?.(history, schedule);
    history.record({ event: "run.begin", plan: plan.plan, seed, world: options.world.name, cell: { ...cell } });
    await live(options, schedule, history);
    await history.flush();
    signal.throwIfAborted();

    const judgement = judge(plan, history.events);
    const result = { ...judgement, seconds: (host.clock.monotonic() - began) / 1000, directory };
    await folder.write("verdict.json", judgement);
    return result;
  } catch (error) {
    if (signal.reason instanceof Interrupted) await folder.remove();
    throw error;
  }
}

/** Everything that happens between `run.begin` and `run.end`; trouble ends up in the history, and so in the verdict. */
async function live(options: RunOptions, schedule: Schedule, history: History): Promise<void> {
  const { plan, signal } = options;
  const inWorld = async (): Promise<void> => {
    const lack = lackOf(plan, options.world);
    if (lack !== undefined) throw new WorldError(`this world can't run the plan: ${lack}`);
    await using world = await options.world.start({
      services: new Map(Object.entries(plan.services)),
      links: new Map(Object.entries(plan.links)),
      without: options.without,
      seed: options.seed,
      directory: `${options.directory}/services`,
      record: (happening) => history.record(happening),
      signal,
    });
    // Before the world is disposed of: that its services end then is not their fault.
    await withTrouble(history, () => walkIn(world, options, schedule, history));
    history.record({ event: "run.end" });
  };
  try {
    await withTrouble(history, inWorld);
    history.record({ event: "run.end" });
  } catch (error) {
    if (error !== signal.reason) throw error;
  }
}

async function withTrouble(history: History, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof WorldError)) throw error;
    history.record({ event: "run.trouble", reason: error.message, log: [...error.log] });
  }
}

async function walkIn(world: World, options: RunOptions, schedule: Schedule, history: History): Promise<void> {
  const { plan, signal } = options;
  const ending = new AbortController();
  const over = AbortSignal.any([signal, ending.signal]);
  using view = createLive({ clock: world.host.clock, history, monitor: createMonitor(plan) });

  await beginServices(plan, world, signal);
  const probes = runProbes({ plan, world, record: (happening) => history.record(happening), signal: over });
  const aborts = plan.abort.map(async ({ when, reason }) => {
    const watch = view.watch(when);
    await unlessAborted(
      over,
      view.until(() => watch.value, { signal: over }),
    );
    if (!watch.value) return;
    history.record({ event: "run.abort", reason: reason ?? when });
    ending.abort();
  });
  const walking = (async (): Promise<void> => {
    await walk({ plan, schedule, world, history, live: view, signal: over });
    await settle(plan, world.host.clock, history, over);
  })();
  // What goes on beside the timeline ends the run only by breaking.
  const broken = Promise.all([probes, ...aborts]).then(() => new Promise<never>(() => {}));
  try {
    await Promise.race([walking, broken]);
  } finally {
    ending.abort();
    await Promise.allSettled([walking, probes, ...aborts]);
  }
}

/** Servers before their clients; those that don't depend on each other at once. */
async function beginServices(plan: Plan, world: World, signal: AbortSignal): Promise<void> {
  const links = Object.values(plan.links);
  const waiting = new Set(Object.keys(plan.services));
  while (waiting.size > 0) {
    signal.throwIfAborted();
    const free = [...waiting].filter(
      (name) => !links.some(({ from, to }) => from === name && to !== name && waiting.has(to)),
    );
    // Services that are each other's clients have to find each other by themselves.
    const next = free.length > 0 ? free : [...waiting];
    await Promise.all(next.map(async (name) => world.services.get(name)?.begin()));
    for (const name of next) waiting.delete(name);
  }
}

const settlePauseMs = 100;

/** Lets the run go on until every deadline that an expectation has set is decided. */
async function settle(plan: Plan, clock: Clock, history: History, over: AbortSignal): Promise<void> {
  const pending = createPending(plan, history.events);
  while (!over.aborted) {
    const until = pending.until(history.now());
    if (until === undefined) return;
    const wait = Math.min(settlePauseMs, Math.max(1, until - history.now()));
    await unlessAborted(over, clock.sleep(wait, { signal: over }));
  }
}
