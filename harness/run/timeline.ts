/**
 * Walks the schedule: phases one after another, the steps of a phase side by side.
 *
 *     phase ──┬── step ──► occurrence: inject … hold … lift
 *             └── step ──► occurrence, occurrence, …
 *
 * When a phase ends, for whatever reason, everything that it injected is lifted before the next one begins.
 */
import { aborted } from "../../host/aborted.ts";
import { WorldError } from "../errors.ts";
import type { History } from "../history/history.ts";
import { warmUpOf } from "../judge/window.ts";
import type { Plan } from "../plan/schema.ts";
import { maximumOccurrences } from "../schedule/phase.ts";
import { drawOccurrence } from "../schedule/schedule.ts";
import type { Occurrence, Schedule, ScheduledPhase, ScheduledStep } from "../schedule/schedule.ts";
import type { World } from "../worlds/world.ts";
import { inject } from "./inject.ts";
import type { Live } from "./live.ts";
import { repertoireIn } from "../plan/repertoire.ts";

export interface Timeline {
  readonly plan: Plan;
  readonly schedule: Schedule;
  readonly world: World;
  readonly history: History;
  readonly live: Live;
  /** Aborted when the run must end: interrupted, a condition of `abort`, trouble. */
  readonly signal: AbortSignal;
}

export async function walk(timeline: Timeline): Promise<void> {
  const warmUp = warmUpOf(timeline.plan);
  for (const phase of timeline.schedule.phases) {
    if (timeline.signal.aborted) return;
    const outcome = await walkPhase(timeline, phase);
    // Without its warm-up nothing that follows would test anything.
    if (phase.name === warmUp?.name && outcome === "timeout") return;
  }
}

type Outcome = "over" | "steady" | "condition" | "timeout" | "aborted";

async function walkPhase(timeline: Timeline, phase: ScheduledPhase): Promise<Outcome> {
  const { history, signal } = timeline;
  const began = timeline.world.host.clock.monotonic();
  history.record({ event: "phase.begin", phase: phase.name });
  const ending = new AbortController();
  const over = AbortSignal.any([signal, ending.signal]);
  const steps = phase.steps.map((step) => unlessAborted(over, walkStep(timeline, step, began, over)));
  try {
    // A step that throws ends its phase at once; one that has run out of occurrences must not.
    const broken = Promise.all(steps).then(() => new Promise<never>(() => {}));
    const outcome = await Promise.race([endOfPhase(timeline, phase, over), broken]);
    ending.abort();
    await Promise.all(steps);
    history.record({ event: "phase.end", phase: phase.name, outcome });
    return outcome;
  } finally {
    ending.abort();
    await Promise.allSettled(steps);
  }
}

async function endOfPhase(
  { live, world, signal }: Timeline,
  phase: ScheduledPhase,
  over: AbortSignal,
): Promise<Outcome> {
  const { clock } = world.host;
  try {
    if (phase.until === undefined) {
      await clock.sleep(phase.for ?? 0, { signal: over });
      return "over";
    }
    using deadline = new DisposableStack();
    const watch = phase.until === "steady" ? undefined : deadline.use(live.watch(phase.until));
    const timedOut = new AbortController();
    if (phase.timeout !== undefined) deadline.use(clock.timer(phase.timeout, () => timedOut.abort()));
    try {
      await live.until(() => (watch === undefined ? live.isSteady() : watch.value), {
        signal: AbortSignal.any([over, timedOut.signal]),
      });
      return watch === undefined ? "steady" : "condition";
    } catch (error) {
      if (timedOut.signal.aborted) return "timeout";
      throw error;
    }
  } catch (error) {
    if (signal.aborted) return "aborted";
    throw error;
  }
}

async function walkStep(timeline: Timeline, step: ScheduledStep, began: number, phaseOver: AbortSignal): Promise<void> {
  const { live, world } = timeline;
  const { clock } = world.host;
  const ended = new AbortController();
  const over = AbortSignal.any([phaseOver, ended.signal]);
  using watches = new DisposableStack();
  if (step.until !== undefined) {
    const watch = watches.use(live.watch(step.until));
    void unlessAborted(
      over,
      live.until(() => watch.value, { signal: over }).then(() => ended.abort()),
    );
  }
  let failure: { readonly error: unknown } | undefined;
  let latest = { stop: (): void => {}, lifted: Promise.resolve() };
  /** One occurrence at a time: the next one ends the one before, and waits until that is lifted. `from`: what its time counts from. */
  const run = (occurrence: Occurrence | undefined, from: number, signal: AbortSignal): void => {
    if (occurrence === undefined) return;
    const previous = latest;
    const own = new AbortController();
    const mine = AbortSignal.any([signal, own.signal]);
    const work = async (): Promise<void> => {
      const planned = from + occurrence.at;
      await clock.sleep(Math.max(0, planned - clock.monotonic()), { signal: mine });
      previous.stop();
      await previous.lifted;
      await runOccurrence(timeline, step, occurrence, planned, mine);
    };
    const lifted = unlessAborted(mine, work()).catch((error: unknown) => {
      // One that fails ends its step at once, however long the others would last.
      failure ??= { error };
      ended.abort();
    });
    latest = { stop: () => own.abort(), lifted: bothOf(previous.lifted, lifted) };
  };
  try {
    switch (step.trigger.type) {
      case "timed":
        for (const occurrence of step.occurrences) run(occurrence, began, over);
        break;
      case "after": {
        const { edge, delay } = step.trigger;
        const watch = watches.use(live.watch(edge));
        await live.until(() => watch.value || watch.rises > 0, { signal: over });
        const fired = clock.monotonic() + delay;
        for (const occurrence of step.occurrences) run(occurrence, fired, over);
        break;
      }
      case "when": {
        const { expression, times = maximumOccurrences } = step.trigger;
        const watch = watches.use(live.watch(expression));
        let seen = watch.rises;
        for (let n = 0; n < times; n++) {
          await live.until(() => watch.rises > seen, { signal: over });
          seen += 1;
          run(occurrenceOf(timeline, step, n), clock.monotonic(), over);
        }
        if (step.trigger.times === undefined) throw tooOften(step);
        break;
      }
      case "while": {
        const { expression, times = maximumOccurrences } = step.trigger;
        const watch = watches.use(live.watch(expression));
        for (let n = 0; n < times; n++) {
          await live.until(() => watch.value, { signal: over });
          const untrue = new AbortController();
          run(occurrenceOf(timeline, step, n), clock.monotonic(), AbortSignal.any([over, untrue.signal]));
          await live.until(() => !watch.value, { signal: over });
          untrue.abort();
        }
        if (step.trigger.times === undefined) throw tooOften(step);
        break;
      }
    }
  } catch (error) {
    if (error !== over.reason) throw error;
  } finally {
    await latest.lifted;
  }
  if (failure !== undefined) throw failure.error;
}

function tooOften({ name }: ScheduledStep): WorldError {
  return new WorldError(
    `step ${name} has happened ${maximumOccurrences} times: write times, or a condition that is met less often`,
  );
}

/** Nothing where a choice was drawn that does nothing. */
function occurrenceOf({ plan, schedule }: Timeline, step: ScheduledStep, n: number): Occurrence | undefined {
  return step.occurrences.find((occurrence) => occurrence.n === n) ?? drawOccurrence(plan, schedule, step.name, n);
}

async function runOccurrence(
  { plan, world, history, schedule }: Timeline,
  step: ScheduledStep,
  occurrence: Occurrence,
  planned: number,
  signal: AbortSignal,
): Promise<void> {
  const { clock } = world.host;
  const { n, kind, where, parameters } = occurrence;
  const late = Math.max(0, Math.round(clock.monotonic() - planned));
  history.record({
    event: "fault.inject",
    step: step.name,
    occurrence: n,
    kind,
    where: [...where],
    parameters: { ...parameters },
    late,
  });
  const finished = new AbortController();
  const over = AbortSignal.any([signal, finished.signal]);
  using length = new DisposableStack();
  if (occurrence.for !== undefined) {
    length.use(clock.timer(Math.max(0, planned + occurrence.for - clock.monotonic()), () => finished.abort()));
  }
  try {
    await using injected = await inject({
      world,
      repertoire: repertoireIn(plan),
      seed: schedule.seed,
      step: step.name,
      occurrence,
      signal: over,
      onHit: (at, detail) =>
        history.record({ event: "fault.hit", step: step.name, occurrence: n, where: at, detail: { ...detail } }),
    });
    void injected;
    if (repertoireIn(plan).get(kind)?.pulse !== true) await aborted(over);
  } catch (error) {
    if (error !== over.reason) throw error;
  } finally {
    history.record({ event: "fault.lift", step: step.name, occurrence: n });
  }
}

/** That something has ended is no error for what was waiting in it. */
export async function unlessAborted(signal: AbortSignal, work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (error !== signal.reason) throw error;
  }
}

async function bothOf(one: Promise<void>, other: Promise<void>): Promise<void> {
  await Promise.all([one, other]);
}
