/** What a plan whose time is scaled asks of a machine that can't be hurried: warnings, since the plan is right, and may do. */
import { durationUnit, formatDuration } from "../../faults/units.ts";
import { compileExpression, ExpressionError } from "../expression/expression.ts";
import { isFormula } from "../schedule/draw.ts";
import { kindOf } from "./kind.ts";
import { keysInRealTime } from "./real-time.ts";
import type { Plan, Service, Written } from "./schema.ts";
import { isRecord } from "./raw.ts";
import { formatPath } from "./tree.ts";

/** What waits looks at its clock so often, and timers are no better than that on a busy machine. */
const finestRealMs = 20;
/** A handshake of TLS is 20 ms on an idle machine, a start of Node 100, and both are a multiple of that on a busy one. */
const tightestRealMs = 2000;

const deadlines = new Set(["within", "timeout"]);
const ageLimit = /\bage\s*<=?\s*(\d+(?:\.\d+)?(?:us|ms|s|m|h|d))\b/g;

interface Found {
  readonly path: readonly (string | number)[];
  readonly text: string;
  /** The shortest that it can be, if it is not none at all. */
  readonly milliseconds: number;
  /** Both ends of a range. */
  readonly ends: readonly number[];
}

/** A sentence each. */
export function warningsOfPace({
  document,
  time: { scale },
  services,
  links,
  constants,
  real = [],
}: Pick<Plan, "document" | "time" | "services" | "links" | "constants" | "real">): readonly string[] {
  if (scale === 1) return [];
  const found = [...textsIn(document, [])];
  const durations = found.flatMap((each) => durationOf(each, constants));
  // Who writes of real time knows what a machine does in it.
  const isReal = ({ path }: Found): boolean => real.some((each) => isWithin(formatPath(path), each));
  const tooShort = durations.filter((each) => each.milliseconds / scale < finestRealMs && !isReal(each));
  const [tightest] = [
    ...durations.filter(({ path }) => deadlines.has(String(path.at(-1)))),
    ...found.flatMap(ageLimitsOf),
  ].toSorted((one, other) => one.milliseconds - other.milliseconds);
  return [
    ...tooShort.map(
      ({ path, text, ends }) =>
        `${formatPath(path)}: ${text} is ${ends.map((end) => realTime(end / scale)).join("..")} of real time with scale: ${scale}, and less than ${finestRealMs}ms is not kept: write a longer time, a smaller scale, or { real: ${text} } if it is meant so`,
    ),
    ...(tightest !== undefined && tightest.milliseconds / scale < tightestRealMs
      ? [
          `${formatPath(tightest.path)}: ${tightest.text} is the tightest deadline, and ${realTime(tightest.milliseconds / scale)} of real time with scale: ${scale}; a busy machine may need ${formatDuration(tightestRealMs)} for an answer: write scale: ${Math.max(1, Math.floor(tightest.milliseconds / tightestRealMs))} at most, or a longer deadline`,
        ]
      : []),
    // A program asks by a resolver of ours, whose clock is its own.
    ...Object.entries(links).flatMap(([name, { proto, from }]) =>
      proto === "dns" && asksByGlibc(services[from])
        ? [
            `links.${name}: glibc's getaddrinfo waits for name servers in real time, whatever the scale: ${scale} of its seconds pass in one`,
          ]
        : [],
    ),
  ];
}

function asksByGlibc(service: Service | undefined): boolean {
  return service !== undefined && kindOf(service) !== "program";
}

function isWithin(path: string, other: string): boolean {
  return path === other || path.startsWith(`${other}.`) || path.startsWith(`${other}[`);
}

type Place = Pick<Found, "path" | "text">;

function* textsIn(value: Written, path: readonly (string | number)[]): Generator<Place> {
  if (typeof value === "string") yield { path, text: value };
  else if (Array.isArray(value))
    for (const [index, each] of value.entries()) yield* textsIn(each as Written, [...path, index]);
  else if (isRecord(value))
    for (const [key, each] of Object.entries(value)) if (!keysInRealTime.has(key)) yield* textsIn(each, [...path, key]);
}

const duration = new RegExp(`^${durationUnit.pattern}$`);

/** A duration, a range of two, or an expression that is one. What lasts no time at all is kept by any machine. */
function durationOf({ path, text }: Place, constants: Plan["constants"]): readonly Found[] {
  const ends = isFormula(text) ? valuesOf(text.slice(2), constants) : endsOf(text);
  const [milliseconds] = ends.filter((end) => end > 0);
  return milliseconds === undefined ? [] : [{ path, text, milliseconds, ends }];
}

function endsOf(text: string): readonly number[] {
  const ends = text.split("..");
  return ends.length <= 2 && ends.every((end) => duration.test(end)) ? ends.map((end) => durationUnit.parse(end)) : [];
}

/** Of an expression of the plan's parameters, as this plan has them. */
function valuesOf(expression: string, constants: Plan["constants"]): readonly number[] {
  const variables = new Map(Object.entries(constants).map(([name, { type }]) => [name, type]));
  try {
    const compiled = compileExpression(expression, { variables, steps: new Set() });
    const value = compiled.evaluate({
      variables: Object.fromEntries(Object.entries(constants).map(([name, constant]) => [name, constant.value])),
      fault: () => undefined,
    });
    return compiled.type === "duration" && typeof value === "number" ? [value] : [];
  } catch (error) {
    // Text for people, say, that begins as an expression does.
    if (error instanceof ExpressionError) return [];
    throw error;
  }
}

function ageLimitsOf({ path, text }: Place): readonly Found[] {
  return [...text.matchAll(ageLimit)].map(([, limit = ""]) => {
    const milliseconds = durationUnit.parse(limit);
    return { path, text: limit, milliseconds, ends: [milliseconds] };
  });
}

function realTime(milliseconds: number): string {
  return formatDuration(Math.round(milliseconds * 1000) / 1000);
}
