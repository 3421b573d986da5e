/** What the expressions of a plan look at, all of them together: what none of them reads need not be observed. */
import { compileExpression, ExpressionError } from "../expression/expression.ts";
import type { Plan } from "../plan/schema.ts";
import { declareSignals } from "./signals.ts";

/** Each is as in `Expression.reads`. */
export function readsOf(plan: Plan): ReadonlySet<string> {
  const scope = declareSignals(plan);
  return new Set([...expressionsOf(plan)].flatMap((text) => readsOfText(text)));

  /** Names of steps and times stand where expressions may stand, and read nothing. */
  function readsOfText(text: string): readonly string[] {
    try {
      return compileExpression(text, scope).reads;
    } catch (error) {
      if (error instanceof ExpressionError) return [];
      throw error;
    }
  }
}

/** Whether something reads the signal of this name, a part of it, or the whole that it is a part of. */
export function isRead(name: string, reads: ReadonlySet<string>): boolean {
  return [...reads].some((read) => read === name || read.startsWith(`${name}.`) || name.startsWith(`${read}.`));
}

function expressionsOf({ steady, expect, abort, phases }: Plan): ReadonlySet<string> {
  const texts = [
    ...[...steady, ...expect].flatMap((expectation) => [
      expectation.expression,
      ...(expectation.word === "whenever" ? [expectation.then] : []),
    ]),
    ...abort.map(({ when }) => when),
    ...phases.flatMap(({ until, faults }) => [
      until,
      ...faults.flatMap((step) => [step.when, step.while, step.after, step.until]),
    ]),
  ];
  return new Set(texts.filter((text) => typeof text === "string"));
}
