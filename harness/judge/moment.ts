/**
 * The history knows moments to a tenth of a millisecond, and so does the judge: every condition has a value at each of them, between and at events,
 * and what it is in between is nobody's business. So `age < 3s` ceases to be true at 3 s sharp, and `age <= 3s` one moment later.
 */
import type { Bindings, Expression } from "../expression/expression.ts";

/** Where its text does not tell when an expression can change, it is looked at this often. */
export const sampleMs = 100;

/** The nearest moment: sums of times are as exact as their figures. */
export const toMoment = (at: number): number => Math.round(at * 10) / 10;

/** A rounding error must not make it one moment later. */
const firstMomentFrom = (at: number): number => Math.ceil(at * 10 - 1e-5) / 10;

export const momentAfter = (at: number): number => (Math.floor(at * 10 + 1e-5) + 1) / 10;

/** The first moment after now at which the expression can be something else, though nothing happens; `Infinity` if there is none. */
export function nextLook({ crossings }: Expression, bindings: Bindings, now: number): number {
  if (crossings === undefined) return toMoment(now + sampleMs);
  let next = Infinity;
  for (const crossing of crossings) {
    const remaining = crossing.remaining(bindings);
    if (remaining === undefined || !(remaining >= 0)) continue;
    next = Math.min(next, Math.max(firstMomentFrom(now + remaining), momentAfter(now)));
  }
  return next;
}
