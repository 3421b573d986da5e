/**
 * How long this node was away: how much of what lasts for a while has passed while nobody looked.
 *
 *     the machine runs as before ──► its monotonic clock knows
 *     it was started anew        ──► the wall clock knows, if it says something believable; PLC will tell
 */
import type { Clock } from "../../host/host.ts";
import type { Guards } from "./guards.ts";
import type { State } from "./state.ts";

export interface Absence {
  /** As far as it is known now, in milliseconds. */
  readonly elapsedMs: number;
  /** By how much it was longer, as soon as PLC's time is known; undefined if it can't be told any better. */
  correction(plcNowMs: number): number | undefined;
}

/** Beyond this the wall clock has been set, or has lost its battery. */
const longestAbsenceMs = 1_000_000;

export function absenceSince(last: State["clock"], clock: Clock, guards: Guards): Absence {
  if (last === null) return { elapsedMs: 0, correction: unknown };
  let absence: Absence = { elapsedMs: clock.wall() - last.wall_ms, correction: unknown };
  if (guards.has("boot-aware-restore")) absence = judge(last, clock, absence.elapsedMs);
  return absence;
}

function judge(last: NonNullable<State["clock"]>, clock: Clock, byWall: number): Absence {
  const restored = clock.monotonic();
  if (last.boot === clock.boot) return { elapsedMs: restored - last.monotonic_ms, correction: unknown };
  const elapsedMs = byWall >= 0 && byWall <= longestAbsenceMs ? byWall : 0;
  return {
    elapsedMs,
    correction: (plcNowMs) =>
      last.plc_ms === null ? undefined : plcNowMs - last.plc_ms - (clock.monotonic() - restored) - elapsedMs,
  };
}

const unknown = (): undefined => undefined;
