/**
 * Stretches in which the harness itself stood still: stopped, swapped out, starved. Its proxies passed nothing on then, its probes asked nothing, and
 * what it recorded just afterwards is about that. What broke there, and only there, is no evidence against anybody.
 *
 *     ───────┤ by ├ run.late ├ aftermath ├───────
 *            ╰────── a stall ────────────╯
 */
import type { HistoryEvent } from "../history/event.ts";
import type { Plan } from "../plan/schema.ts";

/** A harness that was later than this did not do what the plan says. */
const maximumLateMs = 500;

/** What had piled up is worked off, and probes have asked anew. */
const aftermathMs = 1000;

/** From and to, in milliseconds since the run began. */
export interface Stall {
  readonly from: number;
  readonly to: number;
}

/** In the time of the plan: it is the machine that is slow. */
export function mostLate({ time }: Pick<Plan, "time">): number {
  return maximumLateMs * time.scale;
}

export function stallsOf(plan: Pick<Plan, "time">, history: readonly HistoryEvent[]): readonly Stall[] {
  return history.flatMap((event) =>
    event.event === "run.late" && event.by > mostLate(plan)
      ? [{ from: event.at - event.by, to: event.at + aftermathMs * plan.time.scale }]
      : [],
  );
}

/** Whether a part of this time was lost, its ends included. */
export function stalledWithin(stalls: readonly Stall[], from: number, to: number): boolean {
  return stalls.some((stall) => stall.from <= to && from <= stall.to);
}

/** What is left of this time without the stalls: nothing, all of it, or the pieces before, between and after them. */
export function withoutStalls(stalls: readonly Stall[], from: number, to: number): readonly Stall[] {
  let pieces: readonly Stall[] = [{ from, to }];
  for (const stall of stalls) {
    pieces = pieces.flatMap((piece) => {
      if (!stalledWithin([stall], piece.from, piece.to)) return [piece];
      const before = piece.from < stall.from ? [{ from: piece.from, to: stall.from }] : [];
      const after = stall.to < piece.to ? [{ from: stall.to, to: piece.to }] : [];
      return [...before, ...after];
    });
  }
  return pieces;
}
