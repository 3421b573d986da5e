/** What a plan whose time is scaled asks of a machine that can't be hurried: warnings, since the plan is right, and may do. */
import { durationUnit, formatDuration } from "../../faults/units.ts";
import { keysInRealTime } from "./real-time.ts";
import type { Plan, Written } from "./schema.ts";
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
  readonly milliseconds: number;
}

/** A sentence each. */
export function warningsOfPace({
  document,
  time: { scale },
  links,
  real = [],
}: Pick<Plan, "document" | "time" | "links" | "real">): readonly string[] {
  if (scale === 1) return [];
  const found = [...textsIn(document, [])];
  const durations = found.flatMap(durationOf).filter(({ milliseconds }) => milliseconds > 0);
  // Who writes of real time knows what a machine does in it.
  const isReal = ({ path }: Found): boolean => real.some((each) => isWithin(formatPath(path), each));
  const tooShort = durations.filter((each) => each.milliseconds / scale < finestRealMs && !isReal(each));
  const [tightest] = [
    ...durations.filter(({ path }) => deadlines.has(String(path.at(-1)))),
    ...found.flatMap(ageLimitsOf),
  ].toSorted((one, other) => one.milliseconds - other.milliseconds);
  return [
    ...tooShort.map(
      ({ path, text, milliseconds }) =>
        `${formatPath(path)}: ${text} is ${realTime(milliseconds / scale)} of real time with scale: ${scale}, and less than ${finestRealMs}ms is not kept: write a longer time, a smaller scale, or { real: ${realTime(milliseconds)} } if it is meant so`,
    ),
    ...(tightest !== undefined && tightest.milliseconds / scale < tightestRealMs
      ? [
          `${formatPath(tightest.path)}: ${tightest.text} is the tightest deadline, and ${realTime(tightest.milliseconds / scale)} of real time with scale: ${scale}; a busy machine may need ${formatDuration(tightestRealMs)} for an answer: write scale: ${Math.max(1, Math.floor(tightest.milliseconds / tightestRealMs))} at most, or a longer deadline`,
        ]
      : []),
    ...Object.entries(links).flatMap(([name, { proto }]) =>
      proto === "dns"
        ? [
            `links.${name}: glibc's getaddrinfo waits for name servers in real time, whatever the scale: ${scale} of its seconds pass in one`,
          ]
        : [],
    ),
  ];
}

function isWithin(path: string, other: string): boolean {
  return path === other || path.startsWith(`${other}.`) || path.startsWith(`${other}[`);
}

function* textsIn(value: Written, path: readonly (string | number)[]): Generator<Omit<Found, "milliseconds">> {
  if (typeof value === "string") yield { path, text: value };
  else if (Array.isArray(value))
    for (const [index, each] of value.entries()) yield* textsIn(each as Written, [...path, index]);
  else if (isRecord(value))
    for (const [key, each] of Object.entries(value)) if (!keysInRealTime.has(key)) yield* textsIn(each, [...path, key]);
}

const duration = new RegExp(`^${durationUnit.pattern}$`);

function durationOf({ path, text }: Omit<Found, "milliseconds">): readonly Found[] {
  return duration.test(text) ? [{ path, text, milliseconds: durationUnit.parse(text) }] : [];
}

function ageLimitsOf({ path, text }: Omit<Found, "milliseconds">): readonly Found[] {
  return [...text.matchAll(ageLimit)].map(([, limit = ""]) => ({
    path,
    text: limit,
    milliseconds: durationUnit.parse(limit),
  }));
}

function realTime(milliseconds: number): string {
  return formatDuration(Math.round(milliseconds * 1000) / 1000);
}
