/** The signals that every service, link and step has without declaring them. */
import type { ValueType } from "../expression/expression.ts";
import type { HistoryEvent } from "../history/event.ts";
import { aliasesIn } from "../../proxies/dns/wire/dump.ts";
import { createCounter } from "./counter.ts";

export interface BuiltIn<Event> {
  apply(event: Event): void;
  /** What expressions see, as it is now; nothing is made before somebody looks at it. */
  readonly view: Readonly<Record<string, unknown>>;
}

/** Events of the service, of the link or of the step that the signals are about. */
export type ServiceEvent = Extract<HistoryEvent, { readonly service: string }>;
export type LinkEvent = Extract<HistoryEvent, { readonly link: string }>;
export type StepEvent = Extract<HistoryEvent, { readonly step: string }>;

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
  /** How far its wall clock is off the true time: looked at twice a second, in worlds that know it. */
  ["clock", { object: "clock", members: new Map<string, ValueType>([["offset", "duration"]]) }],
  /** Each end of a process; `last` has `code`, `signal` and `ordered`. */
  ["exits", "event"],
]);

export function createServiceSignals(now: () => number): BuiltIn<ServiceEvent> {
  const started = createCounter();
  const exits = createCounter();
  let starts = 0;
  let alive = false;
  let ready = false;
  let crashed = false;
  const clock: { offset?: number } = {};
  return {
    apply(event) {
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
        case "clock.offset":
          clock.offset = event.offset;
          break;
        case "timekeeper.acts":
        case "service.log":
          break;
        default:
          event satisfies never;
      }
    },
    view: {
      clock,
      get alive() {
        return alive;
      },
      get ready() {
        return ready;
      },
      get exited() {
        return starts > 0 && !alive;
      },
      get crashed() {
        return crashed;
      },
      get starts() {
        return starts;
      },
      get restarts() {
        return Math.max(0, starts - 1);
      },
      get started() {
        return started.view(now());
      },
      get exits() {
        return exits.view(now());
      },
    },
  };
}

const membersOfLinks: ReadonlyMap<string, ValueType> = new Map<string, ValueType>([
  /** Open now. */
  ["connections", "int"],
  ["opened", "event"],
  ["closed", "event"],
  /** Bytes delivered to the server and to the client, over all connections that have ended. */
  ["upstream", "size"],
  ["downstream", "size"],
]);

const membersOfNames: readonly (readonly [string, ValueType])[] = [
  /** Each message of the client, those included that it sends again, and each one that it gets; `last` is the message in one line. */
  ["queries", "event"],
  ["replies", "event"],
  /** What a name is an alias of, as the client was told last: `names.cname["boot.plc.test"]`. Not known before, and "" if it is none. */
  ["cname", "dynamic"],
];

export function linkMembers({ proto }: { readonly proto: string }): ReadonlyMap<string, ValueType> {
  return proto === "dns" ? new Map([...membersOfLinks, ...membersOfNames]) : membersOfLinks;
}

export function createLinkSignals(now: () => number): BuiltIn<LinkEvent> {
  const opened = createCounter();
  const closed = createCounter();
  const queries = createCounter();
  const replies = createCounter();
  const cname: Record<string, string> = {};
  let connections = 0;
  let upstream = 0;
  let downstream = 0;
  return {
    apply(event) {
      switch (event.event) {
        case "connection.open":
          connections += 1;
          opened.happen(event.at, { connection: event.connection });
          break;
        case "connection.close":
          connections -= 1;
          upstream += event.upstream;
          downstream += event.downstream;
          closed.happen(event.at, { connection: event.connection, by: event.by });
          break;
        case "dns.query":
          queries.happen(event.at, event.message);
          break;
        case "dns.reply":
          replies.happen(event.at, event.message);
          // What has another length than it says is read by nobody as it is.
          if (event.length === undefined) Object.assign(cname, Object.fromEntries(aliasesIn(event.message)));
          break;
        case "datagram.lost":
        case "http.request":
        case "http.reply":
        case "http.unreadable":
        case "tls.handshake":
        case "ntp.request":
        case "ntp.reply":
          // To be read, not to be judged by: a link without faults of HTTP or TLS has none of theirs.
          break;
        default:
          event satisfies never;
      }
    },
    view: {
      get connections() {
        return connections;
      },
      get opened() {
        return opened.view(now());
      },
      get closed() {
        return closed.view(now());
      },
      get queries() {
        return queries.view(now());
      },
      get replies() {
        return replies.view(now());
      },
      cname,
      get upstream() {
        return upstream;
      },
      get downstream() {
        return downstream;
      },
    },
  };
}

/** What `fault("name")` is. */
export function createFaultSignals(now: () => number): BuiltIn<StepEvent> {
  const started = createCounter();
  const ended = createCounter();
  const active = new Set<number>();
  let hits = 0;
  return {
    apply(event) {
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
    view: {
      get active() {
        return active.size > 0;
      },
      get hits() {
        return hits;
      },
      get started() {
        return started.view(now());
      },
      get ended() {
        return ended.view(now());
      },
    },
  };
}
