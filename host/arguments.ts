/**
 * Command lines of the programs: flags with values, quantities with units.
 */
import { parseArgs } from "node:util";

/** The command line is wrong: the program says so in one line and ends with exit code 2. */
export class ArgumentError extends Error {
  override readonly name = "ArgumentError";
}

/** Somebody asks what may be written: the program says so and ends with exit code 0. */
export class HelpRequest extends Error {
  override readonly name = "HelpRequest";
  /** Each takes a value. */
  readonly options: readonly string[];

  constructor(names: readonly string[]) {
    super("--help");
    this.options = names.map((name) => `--${name}`);
  }
}

export interface Flags {
  text(name: string, standard: string): string;
  list(name: string): readonly string[];
  integer(name: string, standard: number, minimum: number, maximum: number): number;
  /** Milliseconds. */
  duration(name: string, standard: string): number;
  /** One of the words. */
  word<Word extends string>(name: string, standard: Word, words: readonly Word[]): Word;
  given(name: string): boolean;
}

/** @throws {HelpRequest} for `--help`. @throws {ArgumentError} if a flag is not among `names`, or if there is an argument that is no flag. Every flag takes a value and may be repeated; the last one counts, except for lists. */
export function readFlags(args: readonly string[], names: readonly string[]): Flags {
  if (args.includes("--help")) throw new HelpRequest(names);
  const options = Object.fromEntries(names.map((name) => [name, { type: "string", multiple: true } as const]));
  const values = parse(args, options);
  const last = (name: string): string | undefined => values[name]?.at(-1);
  const flags: Flags = {
    text: (name, standard) => last(name) ?? standard,
    list: (name) => values[name] ?? [],
    given: (name) => last(name) !== undefined,
    integer(name, standard, minimum, maximum) {
      const text = last(name) ?? String(standard);
      const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
      if (value >= minimum && value <= maximum) return value;
      throw new ArgumentError(`--${name} ${text}: write a whole number from ${minimum} to ${maximum}`);
    },
    duration(name, standard) {
      const text = last(name) ?? standard;
      const value = milliseconds(text);
      if (value !== undefined) return value;
      throw new ArgumentError(`--${name} ${text}: write a duration with its unit, such as 250ms, 3s or 2m`);
    },
    word(name, standard, words) {
      const text = last(name) ?? standard;
      const found = words.find((word) => word === text);
      if (found !== undefined) return found;
      throw new ArgumentError(`--${name} ${text}: write one of ${words.join(", ")}`);
    },
  };
  return flags;
}

function parse(
  args: readonly string[],
  options: Readonly<Record<string, { type: "string"; multiple: true }>>,
): Readonly<Record<string, string[] | undefined>> {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: false }).values;
  } catch (cause) {
    throw new ArgumentError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

const unitMs = new Map([
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
]);

/** A positive duration of at most 24 days, which is what timers can count; undefined if the text is none. */
function milliseconds(text: string): number | undefined {
  const { number, unit } = /^(?<number>\d{1,9}(?:\.\d{1,6})?)(?<unit>ms|s|m|h|d)$/.exec(text)?.groups ?? {};
  const value = Number(number) * (unitMs.get(unit ?? "") ?? Number.NaN);
  return value > 0 && value <= 24 * 86_400_000 ? value : undefined;
}
