/** The signals that every service, link and step has without declaring them. */
import type { ValueType } from "../expression/expression.ts";
import type { HistoryEvent } from "../history/event.ts";
import { createCounter } from "./counter.ts";

export interface BuiltIn {
  apply(event: HistoryEvent): void;
  view(now: number): Readonly<Record<string, unknown>>;
}

/** Names that no service, link or observation can have. */
export const builtInNames: ReadonlySet<string> = new Set(["run", "phase", "fault"]);

export const serviceMembers: ReadonlyMap<string, ValueType> = new Map<string, ValueType>([
  /** Its process runs. */
  ["alive", "bool"],
  /** Its process runs and has said that it is ready. */
  ["ready", "bool"],
  /** It has run and does not run now, whoever ended it. */
  ["exited", "bool"],
  /** It does not run now, and nobody but itself is the cause: it ended unordered, with a code other than 0 or by a signal. */
  ["crashed", "bool"],
  ["starts", "int"],
  /** Starts after the first. */
  ["restarts", "int"],
  ["started", "event"],
  /** Each end of a process; `last` has `code`, `signal` and `ordered`. */
  ["exits", "event"],
]);

export function createServiceSignals(service: string): BuiltIn {
  const started = createCounter();
  const exits = createCounter();
  let starts = 0;
  let alive = false;
  let ready = false;
  let crashed = false;
  return {
    apply(event) {
      if (!("service" in event) || event.service !== service) return;
      switch (event.event) {
        case "service.start":
          starts += 1;
          started.happen(event.at, {});
          alive = true;
          ready = false;
          crashed = false;
          break;
        case "service.ready":
          ready = true;
          break;
        case "service.exit": {
          const { code, signal, ordered } = event;
          exits.happen(event.at, {
            ...(code === undefined ? {} : { code }),
            ...(signal === undefined ? {} : { signal }),
            ordered,
          });
          alive = false;
          ready = false;
          crashed = !ordered && code !== 0;
          break;
        }
        case "service.log":
          break;
        default:
          event satisfies never;
      }
    },
    view: (now) => ({
      alive,
      ready,
      exited: starts > 0 && !alive,
      crashed,
      starts,
      restarts: Math.max(0, starts - 1),
      started: started.view(now),
      exits: exits.view(now),
    }),
  };
}

export const linkMembers: ReadonlyMap<string, ValueType> = new Map<string, ValueType>([
  /** Open now. */
  ["connections", "int"],
  ["opened", "event"],
  ["closed", "event"],
  /** Bytes delivered to the server and to the client, over all connections that have ended. */
  ["upstream", "size"],
  ["downstream", "size"],
]);

export function createLinkSignals(link: string): BuiltIn {
  const opened = createCounter();
  const closed = createCounter();
  let connections = 0;
  let upstream = 0;
  let downstream = 0;
  return {
    apply(event) {
      if (event.event === "connection.open" && event.link === link) {
        connections += 1;
        opened.happen(event.at, { connection: event.connection });
      }
      if (event.event === "connection.close" && event.link === link) {
        connections -= 1;
        upstream += event.upstream;
        downstream += event.downstream;
        closed.happen(event.at, { connection: event.connection, by: event.by });
      }
    },
    view: (now) => ({ connections, opened: opened.view(now), closed: closed.view(now), upstream, downstream }),
  };
}

/** What `fault("name")` is. */
export function createFaultSignals(step: string): BuiltIn {
  const started = createCounter();
  const ended = createCounter();
  const active = new Set<number>();
  let hits = 0;
  return {
    apply(event) {
      if (!("step" in event) || event.step !== step) return;
      switch (event.event) {
        case "fault.inject":
          active.add(event.occurrence);
          started.happen(event.at, {
            occurrence: event.occurrence,
            kind: event.kind,
            where: event.where,
            parameters: event.parameters,
          });
          break;
        case "fault.hit":
          hits += 1;
          break;
        case "fault.lift":
          active.delete(event.occurrence);
          ended.happen(event.at, { occurrence: event.occurrence });
          break;
        default:
          event satisfies never;
      }
    },
    view: (now) => ({ active: active.size > 0, hits, started: started.view(now), ended: ended.view(now) }),
  };
}
