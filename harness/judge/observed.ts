/**
 * One signal that a plan or a subject declares, folded from the history.
 *
 *     service.log { fields } ──event, where, field──┐
 *     service.log { line }   ──line, its group──────┼──► raw value ──as──► bool, int, … : the last one; event: how often, when, what
 *     probe { ok, value }    ──http, tcp, file──────┘
 *
 * A value speaks of the process that gave it. When that process ends or another one begins, or when a probe fails, the value is not known until
 * the next one comes; events keep counting.
 */
import type { ValueType } from "../expression/expression.ts";
import type { HistoryEvent } from "../history/event.ts";
import type { Observation } from "../plan/schema.ts";
import { createCounter } from "./counter.ts";

export interface Observed {
  readonly type: ValueType;
  apply(event: HistoryEvent): void;
  /** `undefined` while it is not known. */
  view(now: number): unknown;
}

/** `probe` is the name under which the history has its probes. */
export function createObserved(observation: Observation, probe: string): Observed {
  const counter = createCounter();
  const pattern = observation.line === undefined ? undefined : new RegExp(observation.line);
  let value: unknown;

  const take = (at: number, raw: unknown): void => {
    if (observation.as === "event") counter.happen(at, raw);
    else value = convert(raw, observation.as);
  };

  return {
    type: observation.as,
    apply(event) {
      if ("service" in event && event.service === observation.service) {
        if (event.event === "service.start" || event.event === "service.exit") value = undefined;
        const found = event.event === "service.log" ? fromLog(event, observation, pattern) : undefined;
        if (found !== undefined) take(event.at, found.raw);
      }
      if (event.event === "probe" && event.name === probe) {
        if (event.ok) take(event.at, event.value ?? true);
        else value = observation.as === "bool" ? false : undefined;
      }
    },
    view: (now) => (observation.as === "event" ? counter.view(now) : value),
  };
}

type LogEvent = Extract<HistoryEvent, { event: "service.log" }>;

function fromLog(
  event: LogEvent,
  observation: Observation,
  pattern: RegExp | undefined,
): { readonly raw: unknown } | undefined {
  const { fields, line } = event;
  if (observation.event !== undefined) {
    if (fields?.["event"] !== observation.event) return undefined;
    const filter = Object.entries(observation.where ?? {});
    if (!filter.every(([key, wanted]) => String(at(fields, key)) === String(wanted))) return undefined;
    if (observation.field !== undefined) return { raw: at(fields, observation.field) };
    return { raw: observation.as === "event" ? fields : true };
  }
  if (pattern !== undefined) {
    const match = pattern.exec(line ?? JSON.stringify(fields));
    return match === null ? undefined : { raw: match[1] ?? (observation.as === "bool" ? true : match[0]) };
  }
  return undefined;
}

/** A field by its name, or by a path such as `sliver.names`. */
function at(fields: unknown, path: string): unknown {
  let value = fields;
  for (const key of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return value;
}

/** What was observed, as the declared type; `undefined` where it is none: then the signal is not known. Durations are milliseconds. */
export function convert(raw: unknown, as: Observation["as"]): unknown {
  switch (as) {
    case "bool":
      if (raw === "true" || raw === "false") return raw === "true";
      return typeof raw === "boolean" ? raw : undefined;
    case "int": {
      const number = toNumber(raw);
      return Number.isSafeInteger(number) ? number : undefined;
    }
    case "double":
    case "duration":
      return toNumber(raw);
    case "string":
      if (typeof raw === "string") return raw;
      return typeof raw === "number" || typeof raw === "boolean" ? String(raw) : undefined;
    case "list":
      return Array.isArray(raw) ? raw : undefined;
    case "event":
      return raw;
    default:
      return as satisfies never;
  }
}

function toNumber(raw: unknown): number | undefined {
  const number = typeof raw === "string" && raw.trim() !== "" ? Number(raw) : raw;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}
