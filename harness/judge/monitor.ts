/**
 * What is true right now, for `until`, `when`, `while`, `abort` and `after`: fed with every event, and with the passing of time.
 *
 *     event ──apply──┐
 *                    ├──► signals ──► watches: value, rises
 *     time ──advance─┘
 *
 * Nothing is evaluated but what is watched, and that only when an event concerns it or one of its ages crosses a limit (`moment.ts`); `next` says
 * when that will be.
 */
import { compileExpression, type Expression } from "../expression/expression.ts";
import type { HistoryEvent } from "../history/event.ts";
import type { Expectation, Plan } from "../plan/schema.ts";
import { createCounter, type Counter } from "./counter.ts";
import { nextLook } from "./moment.ts";
import { createReaders } from "./readers.ts";
import { createSignals, declareSignals } from "./signals.ts";
import { createWatching, watchCount, type Watch, type Watching } from "./watch.ts";

/** One expectation of `steady` that is not so. */
export interface Unsteady {
  readonly text: string;
  readonly name: string | undefined;
  readonly reads: readonly string[];
}

export interface Monitor {
  apply(event: HistoryEvent): void;
  /** Time has come this far with no new event. */
  advance(at: number): void;
  /** When time alone can change what is watched, or whether the system is steady if that was asked since the last event or advance; else `Infinity`. */
  next(): number;
  /** Every expectation of `steady` is so now. */
  isSteady(): boolean;
  unsteady(): readonly Unsteady[];
  /**
   * Watches an expression, or an edge: the name of a step (it has begun, at any time of the run) or `phase.NAME` (that phase has ended). To be
   * disposed of when nobody waits for it any more.
   *
   * @throws {ExpressionError}
   */
  watch(expression: string): Watch;
}

/** An expression as it was when it was last looked at. */
interface Look {
  readonly expression: Expression;
  value: unknown;
  /** When time alone can change it. */
  next: number;
  /** An event has concerned it since. */
  stale: boolean;
  /** Somebody watches it: then it is looked at whenever it can change, else when somebody asks. */
  readonly watching: Watching | undefined;
}

export function createMonitor(plan: Plan): Monitor {
  const scope = declareSignals(plan);
  const signals = createSignals(plan);
  const readers = createReaders<Look>();
  const ended = new Map<string, Counter>(plan.phases.map(({ name }) => [name, createCounter()]));
  const watched = new Set<Look>();
  const steady = plan.steady.map((expectation) => ({
    expectation,
    look: createLook(compileExpression(expectation.expression, scope), undefined),
  }));
  let steadyNext = Infinity;
  let now = 0;

  function createLook(expression: Expression, watching: Watching | undefined): Look {
    const look: Look = { expression, value: undefined, next: Infinity, stale: true, watching };
    readers.add(expression.reads, look);
    return look;
  }

  /** The value is `undefined` if it is not known or can't be computed; the judge will say so. */
  const renew = (look: Look, at: number): void => {
    const bindings = signals.bindings(at);
    try {
      look.value = look.expression.evaluate(bindings);
    } catch {
      look.value = undefined;
    }
    look.next = nextLook(look.expression, bindings, at);
    look.stale = false;
    look.watching?.see(look.value);
  };
  const passTo = (at: number): void => {
    for (const look of watched) while (look.next <= at) renew(look, look.next);
    now = Math.max(now, at);
    steadyNext = Infinity;
  };
  const isSo = ({ expectation, look }: (typeof steady)[number]): boolean => {
    if (look.stale || look.next <= now) renew(look, now);
    return holdsNow(expectation, look.value);
  };

  return {
    apply(event) {
      passTo(event.at);
      for (const look of readers.of(signals.apply(event))) {
        if (look.watching === undefined) look.stale = true;
        else renew(look, now);
      }
      if (event.event === "phase.end") ended.get(event.phase)?.happen(event.at, event.outcome);
    },
    advance: passTo,
    next() {
      let next = steadyNext;
      for (const look of watched) next = Math.min(next, look.next);
      return next;
    },
    isSteady() {
      const broken = steady.find((each) => !isSo(each));
      // It takes at least this one to become steady.
      steadyNext = broken?.look.next ?? Math.min(...steady.map(({ look }) => look.next));
      return broken === undefined;
    },
    unsteady: () =>
      steady
        .filter((each) => !isSo(each))
        .map(({ expectation: { text, name }, look: { expression } }) => ({ text, name, reads: expression.reads })),
    watch(text) {
      const edge = edgeOf(text);
      if (edge !== undefined) return edge;
      const expression = compileExpression(text, scope);
      const watching = createWatching(expression);
      const look = createLook(expression, watching);
      renew(look, now);
      watched.add(look);
      return {
        get value() {
          return watching.value();
        },
        get rises() {
          return watching.rises();
        },
        [Symbol.dispose]() {
          watched.delete(look);
          readers.remove(look);
        },
      };
    },
  };

  function edgeOf(text: string): Watch | undefined {
    if (scope.steps.has(text)) return watchCount(() => startsOf(text));
    const phase = text.startsWith("phase.") ? ended.get(text.slice("phase.".length)) : undefined;
    return phase === undefined ? undefined : watchCount(() => phase.view(now).count);
  }

  function startsOf(step: string): number {
    return (signals.bindings(now).fault(step) as { readonly started: { readonly count: number } }).started.count;
  }
}

/** `never` must not be so; an event is a moment, so that it never is. The other words ask for the same: that it is so now. */
function holdsNow({ word }: Expectation, value: unknown): boolean {
  return word === "never" ? value === false || (typeof value === "object" && value !== null) : value === true;
}
