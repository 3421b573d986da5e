/**
 * When an expression was true, over a whole history.
 *
 *     events      e0        e1            e2   e3
 *     node.alive  │ unknown │████ true ███│    │ false …
 *
 * Between two events, only ages change. So it is evaluated just before and just after every event, and in between at least every 100 ms (rarer in
 * very long runs, see `maximumSamples`); where two neighbours differ, the moment is found by bisection, to a millisecond. A condition on ages that
 * is true for less than that between two events goes unseen.
 */
import type { Expression } from "../expression/expression.ts";
import type { HistoryEvent } from "../history/event.ts";
import { createSignals, type Declaring, type Signals } from "./signals.ts";

/** A point of the history: after how many events, and when. Many events can share a time; their order still counts. */
export interface Position {
  readonly index: number;
  readonly at: number;
}

export interface Truth {
  readonly expression: Expression;
  /** Each holds until the next; the first is at the very beginning. `undefined`: it depends on what is not known there. Of an event: all `undefined`. */
  readonly changes: readonly (Position & { readonly value: boolean | undefined })[];
  /** Of an event: each time that it happened. */
  readonly happenings: readonly Position[];
  /** The first time that it could not be evaluated at all, such as a division by zero. */
  readonly failure: (Position & { readonly message: string }) | undefined;
}

const sampleMs = 100;
const maximumSamples = 10_000;
const precisionMs = 1;

export const before = (one: Position, other: Position): boolean =>
  one.index === other.index ? one.at < other.at : one.index < other.index;
export const later = (one: Position, other: Position): Position => (before(one, other) ? other : one);
export const earlier = (one: Position, other: Position): Position => (before(one, other) ? one : other);

export function traceTruth(
  plan: Declaring,
  history: readonly HistoryEvent[],
  expressions: readonly Expression[],
): ReadonlyMap<Expression, Truth> {
  const signals = createSignals(plan);
  const begin = history[0]?.at ?? 0;
  const step = Math.max(sampleMs, ((history.at(-1)?.at ?? 0) - begin) / maximumSamples);
  const tracers = expressions.map((expression) => createTracer(expression, signals, { index: 0, at: begin }));
  const aging = tracers.filter(({ ages }) => ages);
  let previous = begin;
  for (const [index, event] of history.entries()) {
    for (let at = previous + step; at < event.at; at += step) for (const tracer of aging) tracer.sample({ index, at });
    if (event.at > previous) for (const tracer of aging) tracer.sample({ index, at: event.at });
    signals.apply(event);
    const touched = new Set(signals.touchedBy(event));
    const after = { index: index + 1, at: event.at };
    for (const tracer of tracers)
      if (tracer.ages || tracer.roots.some((root) => touched.has(root))) tracer.sample(after);
    previous = event.at;
  }
  return new Map(tracers.map((tracer) => [tracer.truth.expression, tracer.truth]));
}

function createTracer(expression: Expression, signals: Signals, start: Position) {
  const changes: (Position & { readonly value: boolean | undefined })[] = [];
  const happenings: Position[] = [];
  let failure: Truth["failure"];
  let last = start;
  let count = 0;

  /** A condition's truth, or how often an event has happened. */
  const evaluate = (position: Position): boolean | number | undefined => {
    try {
      const value = expression.evaluate(signals.bindings(position.at));
      if (expression.type === "event") return (value as { readonly count: number } | undefined)?.count;
      return typeof value === "boolean" ? value : undefined;
    } catch (error) {
      failure ??= { ...position, message: error instanceof Error ? error.message : String(error) };
      return undefined;
    }
  };

  const sample = (position: Position): void => {
    const value = evaluate(position);
    if (typeof value === "number") {
      if (value > count) happenings.push(position);
      count = value;
    } else if (changes.length === 0 || changes.at(-1)?.value !== value) {
      changes.push({ ...(changes.length === 0 ? start : bisect(last, position, value)), value });
    }
    last = position;
  };

  const bisect = (from: Position, to: Position, value: boolean | undefined): Position => {
    if (from.index !== to.index) return to;
    let [low, high] = [from.at, to.at];
    while (high - low > precisionMs) {
      const middle = (low + high) / 2;
      if (evaluate({ index: to.index, at: middle }) === value) high = middle;
      else low = middle;
    }
    return { index: to.index, at: high };
  };

  sample(start);
  return {
    truth: {
      expression,
      changes,
      happenings,
      get failure() {
        return failure;
      },
    } satisfies Truth,
    /** The names that it looks at. */
    roots: expression.reads.map(rootOf),
    /** Whether it can change with time alone. */
    ages: expression.reads.some(canAge),
    sample,
  };
}

export function rootOf(read: string): string {
  return /^\w+/.exec(read)?.[0] ?? read;
}

/** A whole object or event may be asked for its age in a way that the text does not show, such as `node["ping"].age`. */
function canAge(read: string): boolean {
  return read.endsWith(".age") || read === "run.time" || /^\w+$/.test(read);
}

export interface Interval {
  readonly from: Position;
  readonly to: Position;
}

/** The longest stretches, clipped to the window, where it had this value. An interval may be a single position. */
export function intervals({ changes }: Truth, value: boolean, window: Interval): readonly Interval[] {
  return changes.flatMap((change, n) => {
    if (change.value !== value) return [];
    const next = changes[n + 1];
    const from = later(change, window.from);
    if (before(window.to, from)) return [];
    if (next !== undefined && !before(from, next)) return [];
    return [{ from, to: next === undefined ? window.to : earlier(next, window.to) }];
  });
}

/** When it began to hold, or happened, inside the window: an event, or a condition that was not true just before. */
export function occasions(truth: Truth, window: Interval): readonly Position[] {
  if (truth.expression.type === "event")
    return truth.happenings.filter((at) => before(window.from, at) && !before(window.to, at));
  return truth.changes.filter(
    (change) => change.value === true && !before(change, window.from) && !before(window.to, change),
  );
}

/** The first moment in the window at which it holds or happens. An event on the window's very edge counts. */
export function firstTrue(truth: Truth, window: Interval): Position | undefined {
  if (truth.expression.type === "event")
    return truth.happenings.find((at) => !before(at, window.from) && !before(window.to, at));
  return intervals(truth, true, window)[0]?.from;
}

/** Whether it was known at any moment of the window. */
export function everKnown(truth: Truth, window: Interval): boolean {
  return (
    truth.expression.type === "event" ||
    intervals(truth, true, window).length > 0 ||
    intervals(truth, false, window).length > 0
  );
}
