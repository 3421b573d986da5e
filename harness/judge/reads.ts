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

/** Tells whether something reads the signal of a name, a part of it, or the whole that it is a part of. A fleet has tens of thousands of names to ask for. */
export function createIsRead(reads: ReadonlySet<string>): (name: string) => boolean {
  const wholes = new Set([...reads].flatMap(wholesOf));
  return (name) => wholes.has(name) || wholesOf(name).some((whole) => reads.has(whole));
}

/** `node.ping.age` is a part of `node` and of `node.ping`, and of itself. */
function wholesOf(name: string): readonly string[] {
  const parts = name.split(".");
  return parts.map((_part, n) => parts.slice(0, n + 1).join("."));
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
