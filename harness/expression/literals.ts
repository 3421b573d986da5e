/**
 * CEL has no literals for durations and sizes. This front end finds `12m`, `1h30m` and `64KiB` in the text, outside strings and comments, and puts
 * names in their place that no author can write (`_0`, `_1` …), to be bound to the values.
 *
 *     node.ping.age < 1h30m    ──►    node.ping.age < _0        _0 = 5 400 000 ms
 *
 * Positions in the rewritten text are mapped back, so that an error points into what the author wrote.
 */
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

const milliseconds: ReadonlyMap<string, number> = new Map([
  ["us", 0.001],
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
]);

const bytes: ReadonlyMap<string, number> = new Map([
  ["B", 1],
  ["kB", 1000],
  ["MB", 1000 ** 2],
  ["GB", 1000 ** 3],
  ["KiB", 1024],
  ["MiB", 1024 ** 2],
  ["GiB", 1024 ** 3],
]);

/** What other languages call the operators of CEL. */
const operators: ReadonlyMap<string, string> = new Map([
  ["and", "&&"],
  ["or", "||"],
  ["not", "!"],
]);

/** Strings with their prefixes (closed or not), comments, names, numbers with what sticks to them, and any other character. */
const token =
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

/** Reads a quantity such as `1h30m` or `64KiB`; durations may have several parts, largest first by custom only. */
function readQuantity(text: string, offset: number): Omit<Literal, "name"> {
  const parts = [...text.matchAll(/((?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?)([A-Za-zµ]+)/g)];
  const whole = parts.map(([part]) => part).join("") === text;
  const units = parts.map(([, , unit = ""]) => unit);
  if (whole && units.every((unit) => milliseconds.has(unit))) {
    return {
      type: "duration",
      value: parts.reduce((sum, [, figure, unit = ""]) => sum + Number(figure) * (milliseconds.get(unit) ?? 0), 0),
    };
  }
  const [only, ...others] = parts;
  const factor = bytes.get(only?.[2] ?? "");
  if (whole && only !== undefined && others.length === 0 && factor !== undefined) {
    return { type: "size", value: Number(only[1]) * factor };
  }
  throw new ExpressionError(
    `${text}: there is no such unit: write a duration such as 250ms, 3s or 2m (us, ms, s, m, h, d) or a size such as 16B or 64KiB (B, KiB, MiB, GiB, kB, MB, GB)`,
    offset,
  );
}
