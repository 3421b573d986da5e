/**
 * One signal that a plan or a subject declares, folded from the history.
 *
 *     service.log { fields } ──event, where, field──┐
 *     service.log { line }   ──line, its group──────┼──► raw value ──as──► bool, int, … : the last one; event: how often, when, what
 *     probe { ok, value }    ──http, tcp, file──────┘
 *
 * A value speaks of the process that gave it. When that process ends or another one begins, or when a probe fails, the value is not known until
 * the next one comes; events keep counting. A bool of a probe that asks for no value is whether it answers.
 */
import type { ValueType } from "../expression/expression.ts";
import type { HistoryEvent } from "../history/event.ts";
import type { Observation } from "../plan/schema.ts";
import { createCounter } from "./counter.ts";

interface Reading {
  /** False for what is no occurrence of an event: a failed probe, the end of a process. */
  readonly happened: boolean;
  readonly raw: unknown;
}

export interface Observed {
  readonly type: ValueType;
  /** Whether the event says anything of it. */
  apply(event: HistoryEvent): boolean;
  /** `undefined` while it is not known. */
  view(now: number): unknown;
}

/** `probe` is the name under which the history has its probes. */
export function createObserved(observation: Observation, probe: string): Observed {
  const counter = createCounter();
  const pattern = observation.line === undefined ? undefined : new RegExp(observation.line);
  const { as, json, file, http } = observation;
  const asksWhetherItAnswers = as === "bool" && json === undefined && file === undefined && http?.match === undefined;
  let value: unknown;

  /** What the event says of this signal, if it says anything; `raw` is undefined where it says that nothing is known any more. */
  const readingOf = (event: HistoryEvent): Reading | undefined => {
    if (event.event === "probe") {
      if (event.name !== probe) return undefined;
      if (asksWhetherItAnswers) return { happened: event.ok, raw: event.ok };
      return event.ok ? { happened: true, raw: event.value ?? true } : { happened: false, raw: undefined };
    }
    if (!("service" in event) || event.service !== observation.service || event.event === "service.ready")
      return undefined;
    return event.event === "service.log" ? fromLog(event, observation, pattern) : { happened: false, raw: undefined };
  };

  return {
    type: as,
    apply(event) {
      const reading = readingOf(event);
      if (reading === undefined) return false;
      if (as !== "event") value = reading.raw === undefined ? undefined : convert(reading.raw, as);
      else if (reading.happened) counter.happen(event.at, reading.raw);
      return true;
    },
    view: (now) => (as === "event" ? counter.view(now) : value),
  };
}

type LogEvent = Extract<HistoryEvent, { event: "service.log" }>;

function fromLog(
  { fields, line }: LogEvent,
  observation: Observation,
  pattern: RegExp | undefined,
): Reading | undefined {
  if (observation.event !== undefined) {
    if (fields?.["event"] !== observation.event) return undefined;
    const filter = Object.entries(observation.where ?? {});
    if (!filter.every(([key, wanted]) => at(fields, key) === wanted)) return undefined;
    if (observation.field !== undefined) return { happened: true, raw: at(fields, observation.field) };
    return { happened: true, raw: observation.as === "event" ? fields : true };
  }
  const match = pattern?.exec(line ?? JSON.stringify(fields));
  if (match === undefined || match === null) return undefined;
  return { happened: true, raw: match[1] ?? (observation.as === "bool" ? true : match[0]) };
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
