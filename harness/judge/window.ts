/**
 * Which part of a history an expectation speaks of.
 *
 *     run.begin ── warm-up ── storm ── heal ── run.end
 *                            ╰── during: storm
 *                          ╰────── the run ──────╯
 *
 * Before the warm-up all services are started, and what they do then is no part of the test. What happens after trouble or an abort is the harness's doing: every window ends there.
 */
import type { HistoryEvent } from "../history/event.ts";
import type { Phase, Plan } from "../plan/schema.ts";
import { stallsOf, type Stall } from "./stall.ts";
import { before, earlier, later, type Interval, type Position } from "./truth.ts";

/** How far the run came. */
export interface Course {
  /** The whole of it, as far as it can be judged. */
  readonly whole: Interval;
  /** From the end of the warm-up, or from the first phase on; absent if it did not come to that. */
  readonly judged: Interval | undefined;
  /** Why it was not the run that was planned: trouble, an abort, a history that breaks off, a warm-up that was never over. */
  readonly cut: string | undefined;
  /** After the last fault was lifted, or after the warm-up if there was none; absent while one is still on. */
  readonly quiet: Position | undefined;
  /** After the last phase, when the run goes on for what is undecided only; absent if it did not come to that. */
  readonly overtime: Position | undefined;
  readonly stalls: readonly Stall[];
}

/** The one place that says what a warm-up is: a first phase with `until: steady`. If it times out, nothing that follows would test anything. */
export function warmUpOf({ phases: [first] }: Pick<Plan, "phases">): Phase | undefined {
  return first?.until === "steady" ? first : undefined;
}

const after = (event: HistoryEvent, index: number): Position => ({ index: index + 1, at: event.at });
const just = (event: HistoryEvent, index: number): Position => ({ index, at: event.at });

export function courseOf(plan: Plan, history: readonly HistoryEvent[]): Course {
  const start: Position = { index: 0, at: history[0]?.at ?? 0 };
  const endIndex = history.findIndex(
    ({ event }) => event === "run.end" || event === "run.trouble" || event === "run.abort",
  );
  const ending = history[endIndex];
  const end: Position =
    ending === undefined ? { index: history.length, at: history.at(-1)?.at ?? 0 } : just(ending, endIndex);
  const warmUp = warmUpOf(plan);
  const isWarm = (event: HistoryEvent): boolean =>
    warmUp === undefined
      ? event.event === "phase.begin"
      : event.event === "phase.end" && event.phase === warmUp.name && event.outcome === "steady";
  const warm = positionOf(history, isWarm, after);
  return {
    whole: { from: start, to: end },
    judged: warm === undefined || before(end, warm) ? undefined : { from: warm, to: end },
    cut: cutBy(ending) ?? (warm === undefined ? "the warm-up did not end" : undefined),
    quiet: warm === undefined ? undefined : quietAfter(history, warm, end),
    overtime: positionOf(
      history,
      ({ event, phase }: HistoryEvent & { readonly phase?: string }) =>
        event === "phase.end" && phase === plan.phases.at(-1)?.name,
      after,
    ),
    stalls: stallsOf(plan, history),
  };
}

/** The reason of an early end is a finding of its own: the others need not repeat it. */
function cutBy(ending: HistoryEvent | undefined): string | undefined {
  if (ending === undefined) return "the history breaks off before the end of the run";
  return ending.event === "run.end" ? undefined : "the run ended early";
}

function positionOf(
  history: readonly HistoryEvent[],
  wanted: (event: HistoryEvent) => boolean,
  position: (event: HistoryEvent, index: number) => Position,
): Position | undefined {
  const index = history.findIndex(wanted);
  const event = history[index];
  return event === undefined ? undefined : position(event, index);
}

function quietAfter(history: readonly HistoryEvent[], warm: Position, end: Position): Position | undefined {
  const active = new Set<string>();
  let quiet = warm;
  for (const [index, event] of history.slice(0, end.index).entries()) {
    if (event.event === "fault.inject") active.add(`${event.step} ${event.occurrence}`);
    if (event.event === "fault.lift" && active.delete(`${event.step} ${event.occurrence}`))
      quiet = later(quiet, after(event, index));
  }
  return active.size === 0 ? quiet : undefined;
}

/** The windows of an expectation: the judged part of the run, or what `during` (a phase or a step) makes of it. */
export function windowsOf(
  plan: Plan,
  history: readonly HistoryEvent[],
  { whole, judged }: Course,
  during: string | undefined,
): readonly Interval[] {
  if (during === undefined) return judged === undefined ? [] : [judged];
  const isPhase = plan.phases.some(({ name }) => name === during);
  const windows: Interval[] = [];
  const open = new Map<number, Position>();
  const close = (key: number, to: Position): void => {
    const from = open.get(key);
    if (from !== undefined) windows.push({ from, to });
    open.delete(key);
  };
  for (const [index, event] of history.slice(0, whole.to.index).entries()) {
    if (isPhase && event.event === "phase.begin" && event.phase === during) open.set(0, after(event, index));
    if (isPhase && event.event === "phase.end" && event.phase === during) close(0, just(event, index));
    if (!isPhase && event.event === "fault.inject" && event.step === during)
      open.set(event.occurrence, after(event, index));
    if (!isPhase && event.event === "fault.lift" && event.step === during) close(event.occurrence, just(event, index));
  }
  for (const key of open.keys()) close(key, whole.to);
  return windows.map(({ from, to }) => ({ from, to: earlier(to, whole.to) }));
}
