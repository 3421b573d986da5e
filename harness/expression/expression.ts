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

/** `object` members are known by name, so that a misspelt one is an error. An `event` has `count` (int), `age` (duration) and `last`. */
export type ValueType =
  | "bool"
  | "int"
  | "double"
  | "string"
  | "duration"
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
  /** What it looks at, as written and in order, such as `node.ping.age` and `fault("storm").hits`: each is an expression of its own. */
  readonly reads: readonly string[];
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
