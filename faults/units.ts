/**
 * Quantities as people write them in plans, and as code counts them.
 *
 *     "250ms" ──duration──► 250 (milliseconds) ──formatDuration──► "250ms"
 *
 * Text in, number out; a bare number where a unit belongs is an error that says what to write instead. `format` gives text that reads back as
 * exactly the same number.
 */
import { z } from "zod";

export interface Unit {
  readonly name: "duration" | "size" | "rate" | "share" | "count";
  /** A regular expression for the text (for `count`: of the number's digits), without anchors. */
  readonly pattern: string;
  /** Only for text that matches the pattern. */
  readonly parse: (text: string) => number;
  /** The shortest text that reads well and parses to the same number. */
  readonly format: (value: number) => string;
  /** Values between two texts that a person would write mean nothing: a drawn value is rounded to this step. */
  readonly step: number;
  readonly minimum: number;
  readonly maximum: number;
  /** What to write. */
  readonly help: string;
}

/** What one of a suffix is: `times` × 10^`exponent`, kept apart so that decimal fractions stay exact ("0.3s" is 300). */
interface Suffix {
  readonly suffix: string;
  readonly times: number;
  readonly exponent: number;
}

const decimals = String.raw`\d+(?:\.\d+)?`;

function patternOf(suffixes: readonly Suffix[]): string {
  return `${decimals}(?:${suffixes.map(({ suffix }) => suffix).join("|")})`;
}

function parseWith(suffixes: readonly Suffix[], text: string): number {
  const digits = /^[\d.]+/.exec(text)?.[0] ?? "";
  const found = suffixes.find(({ suffix }) => digits + suffix === text);
  return found === undefined ? Number.NaN : Number(`${digits}e${found.exponent}`) * found.times;
}

/** Short beats long, whole numbers beat fractions, and big units beat small ones. */
function formatWith(suffixes: readonly Suffix[], value: number): string {
  let best: string | undefined;
  let bestLength = Infinity;
  for (const { suffix, times, exponent } of suffixes) {
    const amount = Number(`${value / times}e${-exponent}`);
    const text = `${amount}${suffix}`;
    const length = text.length + (Number.isInteger(amount) ? 0 : 2);
    if (length < bestLength && /^[\d.]+[A-Za-z/%]+$/.test(text) && parseWith(suffixes, text) === value) {
      best = text;
      bestLength = length;
    }
  }
  if (best === undefined) throw new RangeError(`${value} can't be written with a unit`);
  return best;
}

const durations: readonly Suffix[] = [
  { suffix: "d", times: 86_400, exponent: 3 },
  { suffix: "h", times: 3600, exponent: 3 },
  { suffix: "m", times: 60, exponent: 3 },
  { suffix: "s", times: 1, exponent: 3 },
  { suffix: "ms", times: 1, exponent: 0 },
  { suffix: "us", times: 1, exponent: -3 },
];

const sizes: readonly Suffix[] = [
  { suffix: "GiB", times: 1024 ** 3, exponent: 0 },
  { suffix: "GB", times: 1, exponent: 9 },
  { suffix: "MiB", times: 1024 ** 2, exponent: 0 },
  { suffix: "MB", times: 1, exponent: 6 },
  { suffix: "KiB", times: 1024, exponent: 0 },
  { suffix: "kB", times: 1, exponent: 3 },
  { suffix: "B", times: 1, exponent: 0 },
];

const rates: readonly Suffix[] = [
  ...sizes.map((size) => ({ ...size, suffix: `${size.suffix}/s` })),
  { suffix: "Gbit/s", times: 125, exponent: 6 },
  { suffix: "Mbit/s", times: 125, exponent: 3 },
  { suffix: "kbit/s", times: 125, exponent: 0 },
  { suffix: "bit/s", times: 125, exponent: -3 },
];

const shares: readonly Suffix[] = [{ suffix: "%", times: 1, exponent: -2 }];

function unit(
  name: Unit["name"],
  suffixes: readonly Suffix[],
  rest: Pick<Unit, "step" | "minimum" | "maximum" | "help">,
): Unit {
  return {
    name,
    pattern: patternOf(suffixes),
    parse: (text) => parseWith(suffixes, text),
    format: (value) => formatWith(suffixes, value),
    ...rest,
  };
}

/** A century: longer is a typing mistake, and sums of it are still exact to a microsecond. */
const longest = 36_500 * 86_400_000;

export const durationUnit: Unit = {
  ...unit("duration", durations, {
    step: 0.001,
    minimum: 0,
    maximum: longest,
    help: "write a duration with its unit, such as 250ms, 3s or 2m",
  }),
  // "12.345ms" says more than "12345us".
  format: (value) => (value === 0 ? "0ms" : formatWith(value < 1 ? durations : durations.slice(0, -1), value)),
};

/** How far a clock is off, or is moved: back as well as forth. */
export const signedDurationUnit: Unit = {
  ...durationUnit,
  pattern: `-?${durationUnit.pattern}`,
  parse: (text) => (text.startsWith("-") ? -durationUnit.parse(text.slice(1)) : durationUnit.parse(text)),
  format: (value) => (value < 0 ? `-${durationUnit.format(-value)}` : durationUnit.format(value)),
  minimum: -longest,
  help: "write a duration with its unit, such as 40s, or -40s for one that goes back",
};

export const sizeUnit: Unit = {
  ...unit("size", sizes, {
    step: 1,
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    help: "write a size in whole bytes with its unit, such as 16B, 64KiB or 2MiB",
  }),
  format: (value) => (value === 0 ? "0B" : formatWith(sizes, value)),
};

export const rateUnit: Unit = unit("rate", rates, {
  step: 0.001,
  minimum: 0.001,
  maximum: Number.MAX_SAFE_INTEGER,
  help: "write a rate above 0 with its unit, such as 200B/s, 64KiB/s or 10Mbit/s",
});

export const shareUnit: Unit = unit("share", shares, {
  step: 0.000_001,
  minimum: 0,
  maximum: 1,
  help: "write a share from 0% to 100%, such as 5%",
});

/** A share of how fast something runs by itself, which may be more than all of it. */
const paceUnit: Unit = unit("share", shares, {
  step: 0.000_001,
  minimum: 0.000_001,
  maximum: 1000,
  help: "write how fast it runs, above 0%, such as 97% or 200%",
});

export function countUnit(minimum: number, maximum: number = Number.MAX_SAFE_INTEGER): Unit {
  return {
    name: "count",
    pattern: String.raw`-?\d+`,
    parse: Number,
    format: String,
    step: 1,
    minimum,
    maximum,
    help: `write a whole number of ${minimum} or more${maximum === Number.MAX_SAFE_INTEGER ? "" : `, up to ${maximum}`}`,
  };
}

/** Which unit a schema reads. Descriptions of a schema (`meta`) keep it. */
export const unitsOfSchemas = z.registry<{ readonly unit: Unit }>();

function quantity(of: Unit): z.ZodType<number, string> {
  const below = new RegExp(`^-${of.pattern}$`);
  const written = z.string({ error: of.help }).regex(new RegExp(`^${of.pattern}$`), {
    error: ({ input }) => (below.test(String(input)) ? `${String(input)} is below 0: ${of.help}` : of.help),
  });
  const schema = written.transform((text, context) => {
    const value = of.parse(text);
    const wrong = !(value >= of.minimum && value <= of.maximum) || (of.step === 1 && !Number.isInteger(value));
    if (wrong) context.addIssue({ code: "custom", message: of.help });
    return value;
  });
  return schema.register(unitsOfSchemas, { unit: of });
}

/** "250ms", "3s", "2m", "1h", "2d", "1.5s", "50us" → milliseconds. */
export const duration = quantity(durationUnit);
/** The same, and "-40s" → -40,000. */
export const signedDuration = quantity(signedDurationUnit);
/** "16B", "64KiB", "2MiB", "10kB" → bytes. */
export const size = quantity(sizeUnit);
/** "200B/s", "64KiB/s", "10Mbit/s" → bytes per second. */
export const rate = quantity(rateUnit);
/** "5%" → 0.05. */
export const share = quantity(shareUnit);
/** "97%" → 0.97, "200%" → 2. */
export const pace = quantity(paceUnit);

/** A whole number, written bare since it counts things. */
export function count(minimum: number, maximum?: number): z.ZodType<number, number> {
  const of = countUnit(minimum, maximum);
  return z
    .int({ error: of.help })
    .min(of.minimum, of.help)
    .max(of.maximum, of.help)
    .register(unitsOfSchemas, { unit: of });
}

/** The unit of a parameter's schema, seen through defaults, optionality and descriptions; undefined for words and the like. */
export function unitOf(schema: z.core.$ZodType): Unit | undefined {
  const wrapped = schema instanceof z.ZodOptional || schema instanceof z.ZodPrefault || schema instanceof z.ZodDefault;
  return unitsOfSchemas.get(schema)?.unit ?? (wrapped ? unitOf(schema.unwrap()) : undefined);
}

/** Any text that one of the units reads, for values whose place is not known yet (`params`, `let`). */
export function parseQuantity(text: string): { readonly unit: Unit; readonly value: number } | undefined {
  for (const unit of [durationUnit, signedDurationUnit, sizeUnit, rateUnit, shareUnit]) {
    if (new RegExp(`^${unit.pattern}$`).test(text)) return { unit, value: unit.parse(text) };
  }
  return undefined;
}

/** To the unit's step, and within its limits: what a drawn number becomes. */
export function settle(unit: Unit, value: number): number {
  const stepsPerOne = Math.round(1 / unit.step);
  const rounded = unit.step === 1 ? Math.round(value) : Math.round(value * stepsPerOne) / stepsPerOne;
  return Math.min(unit.maximum, Math.max(unit.minimum, rounded));
}

export const formatDuration = (milliseconds: number): string => durationUnit.format(milliseconds);
export const formatSize = (bytes: number): string => sizeUnit.format(bytes);
export const formatRate = (bytesPerSecond: number): string => rateUnit.format(bytesPerSecond);
export const formatShare = (share: number): string => shareUnit.format(share);
