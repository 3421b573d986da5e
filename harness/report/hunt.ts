/** How far a hunt has come, and what came of it, in words. */
import type { Outcome } from "../hunt/ledger.ts";
import { roundedDuration } from "../judge/wording.ts";

export interface HuntState {
  readonly outcome: Outcome;
  readonly total: number;
  readonly elapsedMs: number;
  /** Runs that one seed makes. */
  readonly cells: number;
}

/** `212 of 1000 seeds · 17.3 a second · 212 passed · about 45s left` */
export function renderHuntProgress({ outcome, total, elapsedMs, cells }: HuntState, width = 100): string {
  const { tried } = outcome;
  const left = tried === 0 ? 0 : ((total - tried) * elapsedMs) / tried;
  const line = [
    `${tried} of ${total} ${noun(total, cells)}`,
    ...(tried === 0 ? [] : [`${pace(tried, elapsedMs)} a second`]),
    ...countsOf(outcome),
    ...(left >= 1000 ? [`about ${roundedDuration(Math.floor(left / 1000) * 1000)} left`] : []),
  ].join(" · ");
  return line.length <= width ? line : `${line.slice(0, width - 1)}…`;
}

/** `213 seeds in 12.3s, 17.3 a second: 212 passed, 1 failed` */
export function renderHunted({ outcome, total, elapsedMs, cells }: HuntState): string {
  const { tried } = outcome;
  const of = tried < total ? `${tried} of ${total}` : String(total);
  const came = `${of} ${noun(total, cells)} in ${(elapsedMs / 1000).toFixed(1)}s`;
  return tried === 0
    ? `${came}: nothing was finished`
    : `${came}, ${pace(tried, elapsedMs)} a second: ${countsOf(outcome).join(", ")}`;
}

/** A matrix makes several runs of each seed. */
function noun(count: number, cells: number): string {
  const one = cells === 1 ? "seed" : "run";
  return count === 1 ? one : `${one}s`;
}

function pace(tried: number, elapsedMs: number): string {
  const perSecond = (tried * 1000) / Math.max(1, elapsedMs);
  return perSecond.toFixed(perSecond < 10 ? 2 : 1);
}

function countsOf({ passed, failed, unknown }: Outcome): readonly string[] {
  const counts = [
    [passed, "passed"],
    [failed, "failed"],
    [unknown, "unknown"],
  ] as const;
  return counts.flatMap(([count, what]) => (count > 0 ? [`${count} ${what}`] : []));
}
