/**
 * Expressions of a plan: CEL with durations (`12m`), sizes (`64KiB`) and `abs` (docs/plans.md).
 *
 *     text ──rewriteLiterals──► CEL ──parse, guard, check──► Expression ──evaluate(bindings)──► value
 *
 * They are total and bounded: lengths, depths and loops have limits, there is no call to the outside, and any text gives an expression or an
 * `ExpressionError`. Everything is typed before anything runs, so that a misspelt signal is an error of the plan, not a fault never noticed.
 */
import { compileCel } from "./cel.ts";
import { ExpressionError } from "./error.ts";
import { rewriteLiterals } from "./literals.ts";

export { ExpressionError } from "./error.ts";

/**
 * `object` members are known by name, so that a misspelt one is an error. An `event` has `count` (int), `age` and `last`. An `age` is a duration that
 * grows by itself, as time passes; everything else changes by events alone.
 */
export type ValueType =
  | "bool"
  | "int"
  | "double"
  | "string"
  | "duration"
  | "age"
  | "size"
  | "list"
  | "dynamic"
  | "event"
  | { readonly object: string; readonly members: ReadonlyMap<string, ValueType> };

export interface Scope {
  readonly variables: ReadonlyMap<string, ValueType>;
  /** Names that `fault("…")` accepts: the steps. */
  readonly steps: ReadonlySet<string>;
}

/** Durations are milliseconds and sizes bytes, as numbers, inside and outside. */
export interface Expression {
  readonly text: string;
  readonly type: ValueType;
  /** What it looks at, in order and without spaces, such as `node.ping.age` and `fault("storm").hits`: each is an expression of its own. */
  readonly reads: readonly string[];
  /** All that can change it without an event; `undefined` if that can't be told from its text. */
  readonly crossings: readonly Crossing[] | undefined;
  /**
   * Bindings by variable name; objects as plain objects; `fault` as a function of the step's name.
   *
   * The result is `undefined` if it depends on a value that is not known yet: a binding, a member or a key that is missing or undefined. As in CEL,
   * `missing || true` is true and `missing && false` is false. Any other failure (a division by zero, an index out of bounds) is thrown.
   *
   * @throws {ExpressionError}
   */
  evaluate(bindings: Bindings): unknown;
}

/**
 * An age and the limit that it is compared with, which only events change: without any, the expression can change at the moment when the one reaches
 * the other (`age < 3s`) and just after it (`age <= 3s`), and at no other.
 */
export interface Crossing {
  /** Such as `node.ping.age`. */
  readonly read: string;
  /** Milliseconds from the time of the bindings to that moment, below 0 if it is past; `undefined` while the limit is not known. */
  remaining(bindings: Bindings): number | undefined;
}

export interface Bindings {
  readonly variables: Readonly<Record<string, unknown>>;
  readonly fault: (step: string) => unknown;
}

/** Longer than this is a program, not a condition. */
const maximumLength = 2000;

/** @throws {ExpressionError} */
export function compileExpression(text: string, scope: Scope): Expression {
  if (text.trim() === "") throw new ExpressionError("the expression is empty: write a condition such as node.alive", 0);
  if (text.length > maximumLength) {
    throw new ExpressionError(
      `the expression has ${text.length} characters: ${maximumLength} are enough`,
      maximumLength,
    );
  }
  return compileCel(text, rewriteLiterals(text), scope);
}
