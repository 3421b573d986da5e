/**
 * A run in its setting, from `run.begin` to `run.end`: all that happens is in the history afterwards, and nothing else is left of it.
 *
 *     schedule ──► world ──► timeline + probes ──► history
 */
import { missed as clockMissed } from "../../faults/clock/contract.ts";
import { faults } from "../../faults/registry.ts";
import type { Clock } from "../../host/host.ts";
import { WorldError } from "../errors.ts";
import type { History } from "../history/history.ts";
import { createMonitor } from "../judge/monitor.ts";
import { createPending } from "../judge/pending.ts";
import type { Plan } from "../plan/schema.ts";
import type { Schedule } from "../schedule/schedule.ts";
import { lackOf } from "../worlds/needs.ts";
import { innerProxiesOf } from "../worlds/planes.ts";
import type { Setting, World } from "../worlds/world.ts";
import { createLive } from "./live.ts";
import { runProbes } from "./probes.ts";
import { unlessAborted, walk } from "./timeline.ts";

export interface ExecuteOptions {
  readonly plan: Plan;
  readonly schedule: Schedule;
  /** Guards that are switched off, by service. */
  readonly without: ReadonlyMap<string, readonly string[]>;
  readonly setting: Setting;
  /** Stamped by the setting's clock. */
  readonly history: History;
  /** For the files of the services, in a world that has real ones. */
  readonly directory: string;
  readonly signal: AbortSignal;
}

/** What a world has kept for the run folder, gathered for whoever wants it. */
export type Remains = () => ReadonlyMap<string, Uint8Array>;

/** Trouble ends up in the history, and so in the verdict; if the signal aborts, the history just ends. */
export async function execute(options: ExecuteOptions): Promise<Remains> {
  const { plan, schedule, setting, history } = options;
  return setting.pass(async () => {
    history.record({
      event: "run.begin",
      plan: plan.plan,
      seed: schedule.seed,
      world: setting.name,
      cell: { ...schedule.cell },
    });
    return live(options);
  });
}

const nothing: Remains = () => new Map();

async function live(options: ExecuteOptions): Promise<Remains> {
  const { plan, schedule, setting, history, signal } = options;
  let remains: Remains = nothing;
  const inWorld = async (): Promise<void> => {
    const lack = lackOf(plan, setting);
    if (lack !== undefined) throw new WorldError(`this world can't run the plan: ${lack}`);
    await using world = await setting.start({
      services: new Map(Object.entries(plan.services)),
      links: new Map(Object.entries(plan.links)),
      inner: innerProxiesOf(plan),
      without: options.without,
      journalled: journalledIn(plan),
      clocks: clocksIn(plan),
      seed: schedule.seed,
      directory: `${options.directory}/services`,
      record: (happening, at) => history.record(happening, at),
      signal,
    });
    // Before the world is disposed of: that its services end then is not their fault.
    await withTrouble(history, async () => {
      await walkIn(world, options);
      await lookForClocks(world, options);
    });
    history.record({ event: "run.end" });
    remains = () => world.remains?.() ?? nothing();
  };
  try {
    await withTrouble(history, inWorld);
    history.record({ event: "run.end" });
  } catch (error) {
    if (error !== signal.reason) throw error;
  }
  return remains;
}

/** Services whose disk some step looks into. */
function journalledIn({ phases }: Plan): ReadonlySet<string> {
  const steps = phases.flatMap((phase) => phase.faults);
  const looking = steps.filter(({ choices }) => choices.some(({ kind = "" }) => faults.get(kind)?.journal === true));
  return new Set(looking.flatMap(({ where }) => where.names));
}

/** Services whose clock some step or timekeeper moves; all of them where none is the machine's. */
function clocksIn(plan: Plan): ReadonlySet<string> {
  const { phases } = plan;
  const steps = phases.flatMap((phase) => phase.faults);
  const moving = steps.filter(({ choices }) => choices.some(({ kind = "" }) => faults.get(kind)?.plane === "clock"));
  return new Set([...alwaysSteered(plan), ...moving.flatMap(({ where }) => where.names)]);
}

function alwaysSteered({ services, time }: Plan): readonly string[] {
  return Object.keys(services).filter((name) => time.scale !== 1 || services[name]?.timekeeper !== undefined);
}

/** What is steered all the time has no step that would miss. */
async function lookForClocks({ services }: World, { plan, history }: ExecuteOptions): Promise<void> {
  for (const name of alwaysSteered(plan)) {
    if ((await services.get(name)?.hasSeenClock?.()) !== false) continue;
    history.record({ event: "run.trouble", reason: `${name} does not live by its virtual clock: ${clockMissed}` });
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

async function walkIn(world: World, options: ExecuteOptions): Promise<void> {
  const { plan, schedule, setting, history, signal } = options;
  const ending = new AbortController();
  const over = AbortSignal.any([signal, ending.signal]);
  using view = createLive({
    clock: world.host.clock,
    history,
    monitor: createMonitor(plan),
    realTime: setting.realTime,
    scale: plan.time.scale,
  });

  await Promise.race([beginServices(plan, world, signal), ...fallingApart(world)]);
  const probes = runProbes({ plan, world, record: (happening) => history.record(happening), signal: over });
  const aborts = plan.abort.map(async ({ when, reason }) => {
    using watch = view.watch(when);
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
    await Promise.race([walking, broken, ...fallingApart(world)]);
  } finally {
    ending.abort();
    await Promise.allSettled([walking, probes, ...aborts]);
  }
}

function fallingApart({ broken }: World): readonly Promise<never>[] {
  return broken === undefined ? [] : [broken];
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
