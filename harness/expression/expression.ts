/**
 * Expressions of a plan: CEL with durations (`12m`), sizes (`64KiB`) and `abs` (docs/plans.md). The one file that imports CEL.
 */

/** `object` members are known by name, so that a misspelt one is an error. An `event` has `count` (int), `age` (duration) and `last`. */
export type ValueType =
  | "bool" | "int" | "double" | "string" | "duration" | "size" | "list" | "dynamic" | "event"
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
  /** Bindings by variable name; objects as plain objects; `fault` as a function of the step's name. */
  evaluate(bindings: Bindings): unknown;
}

export interface Bindings {
  readonly variables: Readonly<Record<string, unknown>>;
  readonly fault: (step: string) => unknown;
}

/** @throws {ExpressionError} */
export declare function compileExpression(text: string, scope: Scope): Expression;

export class ExpressionError extends Error {
  /** Offset into the text of the expression, in UTF-16 units. */
  readonly offset: number;

  constructor(message: string, offset: number, options?: ErrorOptions) {
    super(message, options);
    this.offset = offset;
  }
}
