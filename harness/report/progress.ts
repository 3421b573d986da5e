/**
 * One line that says where a run is.
 *
 *     [2/6] sighup-storm · storm 12s · on: drip, storm · 43 hits · about 48s left
 */
import type { HistoryEvent } from "../history/event.ts";
import { roundedDuration } from "../judge/wording.ts";
import type { Schedule } from "../schedule/schedule.ts";

export interface ProgressState {
  readonly plan: string;
  /** From 1. */
  readonly number: number;
  readonly of: number;
  readonly phase: string | undefined;
  readonly phaseMs: number;
  /** Steps whose fault is on, by name. */
  readonly faults: readonly string[];
  readonly hits: number;
  /** Of the plan's time, as far as the lengths of the phases are known. */
  readonly leftMs: number;
}

export function renderProgress(state: ProgressState, width = 100): string {
  const { plan, number, of, phase, phaseMs, faults, hits, leftMs } = state;
  const parts = [
    `[${number}/${of}] ${plan}`,
    phase === undefined ? "starting" : `${phase} ${wholeSeconds(phaseMs)}`,
    ...(faults.length === 0 ? [] : [`on: ${faults.join(", ")}`]),
    ...(hits === 0 ? [] : [`${hits} ${hits === 1 ? "hit" : "hits"}`]),
    ...(leftMs >= 1000 ? [`about ${wholeSeconds(leftMs)} left`] : []),
  ];
  const line = parts.join(" · ");
  return line.length <= width ? line : `${line.slice(0, width - 1)}…`;
}

/** In virtual time, what is left takes as long as the pace so far lets expect; before there is one, nobody knows. */
export function atPace(
  state: ProgressState,
  { now, elapsedMs }: { readonly now: number; readonly elapsedMs: number },
): ProgressState {
  return { ...state, leftMs: now <= 0 ? 0 : (state.leftMs * elapsedMs) / now };
}

function wholeSeconds(milliseconds: number): string {
  return milliseconds < 1000 ? "0s" : roundedDuration(Math.floor(milliseconds / 1000) * 1000);
}

export interface Progress {
  apply(event: HistoryEvent): void;
  state(now: number): ProgressState;
}

/** Follows a run's history. */
export function createProgress(
  schedule: Schedule,
  { number, of }: { readonly number: number; readonly of: number },
): Progress {
  const active = new Map<string, string>();
  let hits = 0;
  let phase: string | undefined;
  let phaseBegan = 0;
  let done = 0;

  const leftMs = (now: number): number =>
    schedule.phases.slice(done).reduce((left, each) => {
      const length = each.for ?? 0;
      return left + (each.name === phase ? Math.max(0, length - (now - phaseBegan)) : length);
    }, 0);

  return {
    apply(event) {
      if (event.event === "phase.begin") [phase, phaseBegan] = [event.phase, event.at];
      if (event.event === "phase.end") done += 1;
      if (event.event === "fault.inject") active.set(`${event.step} ${event.occurrence}`, event.step);
      if (event.event === "fault.lift") active.delete(`${event.step} ${event.occurrence}`);
      if (event.event === "fault.hit") hits += 1;
    },
    state: (now) => ({
      plan: schedule.plan,
      number,
      of,
      phase,
      phaseMs: now - phaseBegan,
      faults: [...new Set(active.values())],
      hits,
      leftMs: leftMs(now),
    }),
  };
}
