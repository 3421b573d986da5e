/**
 * When an expression was true, over a whole history.
 *
 *     events      e0        e1            e2   e3
 *     node.alive  │ unknown │████ true ███│    │ false …
 *
 * It is evaluated anew after every event that may have changed what it looks at, and at the moments at which one of its ages crosses a limit (see
 * `moment.ts`): so every change is found, at the very moment. Where the text of an expression does not tell those moments, it is also evaluated
 * before every event, and at least every 100 ms (rarer in very long runs, see `samplesPerRun`); where two neighbours differ, the moment is found by
 * bisection. What is true of such an expression between two samples goes unseen.
 */
import type { Expression } from "../expression/expression.ts";
import type { HistoryEvent } from "../history/event.ts";
import { nextLook, toMoment } from "./moment.ts";
import { createReaders } from "./readers.ts";
import { firstIndex } from "./search.ts";
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

/** In a run that has lasted longer than this many samples, the next one is that share of its length away. */
const samplesPerRun = 10_000;
const precisionMs = 0.1;

export const before = (one: Position, other: Position): boolean =>
  one.index === other.index ? one.at < other.at : one.index < other.index;
export const later = (one: Position, other: Position): Position => (before(one, other) ? other : one);
export const earlier = (one: Position, other: Position): Position => (before(one, other) ? one : other);

/** The truth of expressions over a history that may still be growing. */
export interface Trace {
  /** Goes on from where it was to the end of the history, and to a time that is not before its last event. */
  follow(now: number): void;
  /** As far as it was followed. */
  readonly truths: ReadonlyMap<Expression, Truth>;
}

export function traceTruth(
  plan: Declaring,
  history: readonly HistoryEvent[],
  expressions: readonly Expression[],
): ReadonlyMap<Expression, Truth> {
  const trace = createTrace(plan, history, expressions);
  trace.follow(history.at(-1)?.at ?? 0);
  return trace.truths;
}

export function createTrace(
  plan: Declaring,
  history: readonly HistoryEvent[],
  expressions: readonly Expression[],
): Trace {
  const signals = createSignals(plan);
  const begin = history[0]?.at ?? 0;
  const tracers = expressions.map((expression) => createTracer(expression, signals, { index: 0, at: begin }));
  const sampled = tracers.filter(({ truth }) => truth.expression.crossings === undefined);
  const readers = createReaders<Tracer>();
  for (const tracer of tracers) readers.add(tracer.truth.expression.reads, tracer);
  /** Not after the next look of any tracer. */
  let earliest = begin;
  let next = 0;

  const look = (tracer: Tracer, position: Position): void => {
    tracer.look(position);
    earliest = Math.min(earliest, tracer.next());
  };
  /** What time alone changes, up to a time. */
  const lookUntil = (at: number): void => {
    while (earliest <= at) {
      const now = earliest;
      earliest = Infinity;
      for (const tracer of tracers) {
        if (tracer.next() <= now) tracer.look({ index: next, at: now });
        earliest = Math.min(earliest, tracer.next());
      }
    }
  };
  return {
    follow(now) {
      for (let event = history[next]; event !== undefined; event = history[next]) {
        lookUntil(event.at);
        for (const tracer of sampled) look(tracer, { index: next, at: event.at });
        const changed = signals.apply(event);
        next += 1;
        for (const tracer of readers.of(changed)) look(tracer, { index: next, at: event.at });
      }
      lookUntil(now);
      for (const tracer of sampled) look(tracer, { index: next, at: now });
    },
    truths: new Map(tracers.map(({ truth }) => [truth.expression, truth])),
  };
}

interface Tracer {
  readonly truth: Truth;
  /** When it must be looked at again, if nothing happens until then. */
  next(): number;
  look(position: Position): void;
}

function createTracer(expression: Expression, signals: Signals, start: Position): Tracer {
  const changes: (Position & { readonly value: boolean | undefined })[] = [];
  const happenings: Position[] = [];
  let failure: Truth["failure"];
  let last = start;
  let count = 0;
  let next = Infinity;

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

  const look = (position: Position): void => {
    const value = evaluate(position);
    if (typeof value === "number") {
      if (value > count) happenings.push(position);
      count = value;
    } else if (changes.length === 0) {
      changes.push({ ...start, value });
    } else if (changes.at(-1)?.value !== value) {
      changes.push({ ...(expression.crossings === undefined ? bisect(last, position, value) : position), value });
    }
    last = position;
    next = nextLook(expression, signals.bindings(position.at), position.at);
    // The longer the run has lasted already, the rarer.
    if (expression.crossings === undefined)
      next = Math.max(next, toMoment(position.at + (position.at - start.at) / samplesPerRun));
  };

  /** Since the last look nothing that it looks at has happened. */
  const bisect = (from: Position, to: Position, value: boolean | undefined): Position => {
    let [low, high] = [from.at, to.at];
    while (high - low > precisionMs * 1.5) {
      const middle = toMoment((low + high) / 2);
      if (evaluate({ ...to, at: middle }) === value) high = middle;
      else low = middle;
    }
    return { ...to, at: high };
  };

  look(start);
  return {
    truth: {
      expression,
      changes,
      happenings,
      get failure() {
        return failure;
      },
    },
    next: () => next,
    look,
  };
}

export function rootOf(read: string): string {
  return /^\w+/.exec(read)?.[0] ?? read;
}

export interface Interval {
  readonly from: Position;
  readonly to: Position;
}

/** The longest stretches, clipped to the window, where it had this value. An interval may be a single position. */
export function* intervals({ changes }: Truth, value: boolean, window: Interval): Iterable<Interval> {
  const begun = Math.max(0, firstIndex(changes, (change) => before(window.from, change)) - 1);
  for (let n = begun; n < changes.length; n += 1) {
    const [change, next] = [changes[n], changes[n + 1]];
    if (change === undefined || before(window.to, change)) return;
    if (change.value !== value) continue;
    const from = later(change, window.from);
    if (before(window.to, from)) return;
    if (next !== undefined && !before(from, next)) continue;
    yield { from, to: next === undefined ? window.to : earlier(next, window.to) };
  }
}

/** Of a condition: its value after all that had happened by then. */
export function valueAt({ changes }: Truth, position: Position): boolean | undefined {
  return changes.findLast((change) => !before(position, change))?.value;
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
  const { expression, happenings } = truth;
  if (expression.type !== "event") return first(intervals(truth, true, window))?.from;
  const happening = happenings[firstIndex(happenings, (at) => !before(at, window.from))];
  return happening === undefined || before(window.to, happening) ? undefined : happening;
}

/** Whether it was known at any moment of the window. */
export function everKnown(truth: Truth, window: Interval): boolean {
  if (truth.expression.type === "event") return true;
  return [true, false].some((value) => first(intervals(truth, value, window)) !== undefined);
}

function first<Item>(items: Iterable<Item>): Item | undefined {
  const [item] = items;
  return item;
}
