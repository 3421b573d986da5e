/**
 * CEL has no literals for durations and sizes. This front end finds `12m`, `1h30m` and `64KiB` in the text, outside strings and comments, and puts
 * names in their place that no author can write (`_0`, `_1` …), to be bound to the values.
 *
 *     node.ping.age < 1h30m    ──►    node.ping.age < _0        _0 = 5 400 000 ms
 *
 * Positions in the rewritten text are mapped back, so that an error points into what the author wrote.
 */
import { durationUnit, parseQuantity, sizeUnit } from "../../faults/units.ts";
import { ExpressionError } from "./error.ts";

export interface Literal {
  readonly name: string;
  readonly type: "duration" | "size";
  /** Milliseconds or bytes. */
  readonly value: number;
}

export interface Rewritten {
  readonly text: string;
  readonly literals: readonly Literal[];
  /** From an offset in the rewritten text to one in the original. */
  readonly originalOffset: (offset: number) => number;
}

/** What other languages call the operators of CEL. */
const operators: ReadonlyMap<string, string> = new Map([
  ["and", "&&"],
  ["or", "||"],
  ["not", "!"],
]);

/** Strings with their prefixes (closed or not), comments, names, numbers with what sticks to them, and any other character. */
export const token =
  /(?<text>[rRbB]{0,2}(?:"""[^]*?(?:"""|$)|'''[^]*?(?:'''|$)|"(?:\\[^]|[^"\\\n])*(?:"|$)?|'(?:\\[^]|[^'\\\n])*(?:'|$)?))|(?<comment>\/\/[^\n]*)|(?<name>[A-Za-z_]\w*)|(?<number>0[xX][0-9a-fA-F]+|(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?(?<unit>[A-Za-zµ](?:[A-Za-z0-9µ]|\.\d)*)?)|[^]/gy;

/** @throws {ExpressionError} for a unit that there is not, and for a name that begins with an underscore. */
export function rewriteLiterals(text: string): Rewritten {
  const literals: Literal[] = [];
  const shifts: { readonly end: number; readonly shift: number }[] = [];
  let rewritten = "";
  for (const match of text.matchAll(token)) {
    const { name, number, unit } = match.groups ?? {};
    const operator = operators.get(name ?? "");
    if (operator !== undefined) throw new ExpressionError(`write ${operator} instead of ${name}`, match.index);
    if (name?.startsWith("_") === true) throw new ExpressionError(`${name}: a name begins with a letter`, match.index);
    if (number === undefined || unit === undefined) {
      rewritten += match[0];
      continue;
    }
    const literal = { name: `_${literals.length}`, ...readQuantity(number, match.index) };
    literals.push(literal);
    rewritten += literal.name;
    shifts.push({ end: rewritten.length, shift: match.index + number.length - rewritten.length });
  }
  return {
    text: rewritten,
    literals,
    originalOffset: (offset) =>
      Math.min(text.length, offset + (shifts.findLast(({ end }) => end <= offset)?.shift ?? 0)),
  };
}

/** A quantity such as `64KiB`, or durations in a row such as `1h30m`. */
function readQuantity(text: string, offset: number): Omit<Literal, "name"> {
  const parts = text.match(/[\d.]+[^\d.]+/g) ?? [];
  const quantities = parts.map((part) => parseQuantity(part));
  const [first] = quantities;
  if (parts.join("") === text && first?.unit === sizeUnit && parts.length === 1)
    return { type: "size", value: first.value };
  if (parts.join("") === text && quantities.every((quantity) => quantity?.unit === durationUnit)) {
    return { type: "duration", value: quantities.reduce((sum, quantity) => sum + (quantity?.value ?? 0), 0) };
  }
  throw new ExpressionError(`${text}: there is no such unit: ${durationUnit.help}, or ${sizeUnit.help}`, offset);
}
