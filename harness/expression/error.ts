/** The text of an expression is wrong, or what it computes can't be computed. The plan parser turns it into a `Problem` with a position. */
export class ExpressionError extends Error {
  /** Offset into the text of the expression, in UTF-16 units. */
  readonly offset: number;

  constructor(message: string, offset: number, options?: ErrorOptions) {
    super(message, options);
    this.offset = offset;
  }
}
