/**
 * What is true right now, for `until`, `when`, `while`, `abort` and `after`: fed with every event, and with the passing of time.
 *
 *     event ──apply──┐
 *                    ├──► signals ──► watches: value, rises
 *     time ──advance─┘
 */
import { compileExpression, type Expression } from "../expression/expression.ts";
import type { HistoryEvent } from "../history/event.ts";
import type { Expectation, Plan } from "../plan/schema.ts";
import { createCounter, type Counter } from "./counter.ts";
import { createSignals, declareSignals } from "./signals.ts";

export interface Watch {
  /** It holds now; of an event: it has happened since the watch was set. What is not known does not hold. */
  readonly value: boolean;
  /** How often it has begun to hold, or has happened, since the watch was set. */
  readonly rises: number;
}

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
  /** Every expectation of `steady` is so now. */
  isSteady(): boolean;
  unsteady(): readonly Unsteady[];
  /**
   * Watches an expression, or an edge: the name of a step (it has begun, at any time of the run) or `phase.NAME` (that phase has ended).
   *
   * @throws {ExpressionError}
   */
  watch(expression: string): Watch;
}

interface Watching {
  sample(at: number): void;
}

export function createMonitor(plan: Plan): Monitor {
  const scope = declareSignals(plan);
  const signals = createSignals(plan);
  const steady = plan.steady.map((expectation) => ({
    expectation,
    compiled: compileExpression(expectation.expression, scope),
  }));
  const ended = new Map<string, Counter>(plan.phases.map(({ name }) => [name, createCounter()]));
  const watching: Watching[] = [];
  let now = 0;

  /** `undefined` if it is not known or can't be computed; the judge will say so. */
  const evaluate = (expression: Expression): unknown => {
    try {
      return expression.evaluate(signals.bindings(now));
    } catch {
      return undefined;
    }
  };
  const sampleAll = (): void => {
    for (const each of watching) each.sample(now);
  };
  const unsteady = (): readonly Unsteady[] =>
    steady
      .filter(({ expectation, compiled }) => !holdsNow(expectation, evaluate(compiled)))
      .map(({ expectation: { text, name }, compiled: { reads } }) => ({ text, name, reads }));

  const watchCondition = (expression: Expression): Watch & Watching => {
    let value = evaluate(expression) === true;
    let rises = 0;
    return {
      get value() {
        return value;
      },
      get rises() {
        return rises;
      },
      sample() {
        const before = value;
        value = evaluate(expression) === true;
        if (value && !before) rises += 1;
      },
    };
  };

  return {
    apply(event) {
      now = Math.max(now, event.at);
      signals.apply(event);
      if (event.event === "phase.end") ended.get(event.phase)?.happen(event.at, event.outcome);
      sampleAll();
    },
    advance(at) {
      now = Math.max(now, at);
      sampleAll();
    },
    isSteady: () => unsteady().length === 0,
    unsteady,
    watch(text) {
      const edge = edgeOf(text);
      if (edge !== undefined) return edge;
      const expression = compileExpression(text, scope);
      if (expression.type === "event") {
        const countOf = (): number => (evaluate(expression) as { readonly count: number } | undefined)?.count ?? 0;
        return watchCount(countOf, countOf());
      }
      const watch = watchCondition(expression);
      watching.push(watch);
      return watch;
    },
  };

  function edgeOf(text: string): Watch | undefined {
    if (scope.steps.has(text)) return watchCount(() => startsOf(text), 0);
    const phase = text.startsWith("phase.") ? ended.get(text.slice("phase.".length)) : undefined;
    return phase === undefined ? undefined : watchCount(() => phase.view(now).count, 0);
  }

  function startsOf(step: string): number {
    return (signals.bindings(now).fault(step) as { readonly started: { readonly count: number } }).started.count;
  }
}

function watchCount(count: () => number, first: number): Watch {
  return {
    get value() {
      return count() > first;
    },
    get rises() {
      return count() - first;
    },
  };
}

/** `never` must not be so; an event is a moment, so that it never is. The other words ask for the same: that it is so now. */
function holdsNow({ word }: Expectation, value: unknown): boolean {
  return word === "never" ? value === false || (typeof value === "object" && value !== null) : value === true;
}
