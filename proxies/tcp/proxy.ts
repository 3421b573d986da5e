/** One link's proxy: listens where the client looks for the server, and puts faults on what passes. */
import type { Address, Host, Socket } from "../../host/host.ts";
import type { TcpFault } from "../../faults/tcp/contract.ts";
import { added, noTraffic, type BothWays, type LiveConnection } from "../live.ts";
import { chosen, directionsOf, type Selection } from "../chosen.ts";
import { createConnection, type Connection, type EndedBy } from "./connection.ts";
import { openDoor } from "./door.ts";

export interface TcpProxyOptions {
  readonly host: Host;
  /** Where to listen. */
  readonly listen: { readonly host?: string; readonly port: number };
  /** Where the server is; asked for every connection, since a restarted server may have moved. */
  readonly server: () => Promise<Address>;
  readonly onEvent: (event: ProxyEvent) => void;
  /** How many connections there may be at a time; one more is reset, and closed by "limit". */
  readonly maximumConnections?: number;
}

const defaultMaximumConnections = 10_000;
/** How long it may take until we are told of a refusal. */
const longestNewsOfRefusalMs = 1000;

export type ProxyEvent =
  | { readonly type: "open"; readonly connection: number }
  | {
      readonly type: "close";
      readonly connection: number;
      readonly upstream: number;
      readonly downstream: number;
      readonly by: EndedBy;
    };

export interface TcpInjection extends Selection {
  readonly fault: TcpFault;
  /** Validated by the fault's schema. */
  readonly parameters: object;
  /** Once for each connection that the fault has really changed (or kept out). */
  readonly onHit: (detail: { readonly connection?: number } & Readonly<Record<string, unknown>>) => void;
}

export interface TcpProxy extends AsyncDisposable {
  /** Where it listens now, or did before its door was shut. */
  readonly address: Address;
  /** Takes effect at once on new and on existing connections; disposing the result lifts it. Later injections act on what earlier ones put out. */
  inject(injection: TcpInjection): AsyncDisposable;
  /**
   * Somebody saw a connect to this proxy being refused (the kernel refuses without telling the proxy): counts as a hit of every injection whose
   * door is shut, or, since such news takes its time, of the one that was shut last, up to a second ago.
   */
  refused(): void;
  /** Bytes until now, those of live connections included. */
  traffic(): BothWays;
  connections(): readonly LiveConnection[];
}

/** One that acts now, and how many connections it has met. */
interface Active {
  readonly injection: TcpInjection;
  met: number;
}

/** @throws {Error} with `code` EADDRINUSE and so on if it can't listen. */
export async function startTcpProxy(options: TcpProxyOptions): Promise<TcpProxy> {
  const { host, listen, server, onEvent, maximumConnections = defaultMaximumConnections } = options;
  const connections = new Map<number, Connection>();
  const active = new Set<Active>();
  const refusing = new Set<TcpInjection>();
  let refusedLast: { readonly injection: TcpInjection; readonly until: number } | undefined;
  /** Of connections that are no more. */
  let ended = noTraffic;
  let disposed = false;
  let accepted = 0;

  function onConnection(client: Socket): void {
    if (disposed) {
      client.destroy();
      return;
    }
    accepted += 1;
    const number = accepted;
    if (connections.size >= maximumConnections) {
      client.on("error", () => undefined).resetAndDestroy();
      onEvent({ type: "open", connection: number });
      onEvent({ type: "close", connection: number, upstream: 0, downstream: 0, by: "limit" });
      return;
    }
    const connection = createConnection({
      host,
      client,
      server,
      onEnd(by, delivered) {
        connections.delete(number);
        ended = added(ended, trafficOf(connection));
        onEvent({ type: "close", connection: number, ...delivered, by });
      },
    });
    connections.set(number, connection);
    onEvent({ type: "open", connection: number });
    for (const each of active) meet(each, number, connection);
    connection.begin();
  }

  function meet(each: Active, number: number, connection: Connection): void {
    each.met += 1;
    if (!chosen(each.injection, each.met)) return;
    const { injection, met } = each;
    const { fault, parameters } = injection;
    const since = host.clock.monotonic();
    const others = connections.size - 1;
    let hit = false;
    for (const direction of directionsOf(injection.direction ?? fault.direction)) {
      connection.links[direction].inject({
        owner: each,
        fault,
        parameters,
        context: {
          since,
          others,
          direction,
          draw: (decision, n) => injection.draw(`${met}.${direction}.${decision}`, n),
        },
        onHit(item) {
          if (hit) return;
          hit = true;
          injection.onHit({ connection: number, direction, item: item.type });
        },
      });
    }
  }

  const door = await openDoor({ host, listen, onConnection });

  /** Shuts the door, and says which injections it can be that somebody was refused by. */
  function refuse(injection: TcpInjection): AsyncDisposable {
    const shut = door.shut();
    refusing.add(injection);
    return {
      async [Symbol.asyncDispose]() {
        try {
          await shut[Symbol.asyncDispose]();
        } finally {
          refusing.delete(injection);
          refusedLast = { injection, until: host.clock.monotonic() + longestNewsOfRefusalMs };
        }
      },
    };
  }

  return {
    address: door.address,

    inject(injection) {
      const each: Active = { injection, met: 0 };
      active.add(each);
      const refusal = injection.fault.door === "shut" ? refuse(injection) : undefined;
      if (injection.scope !== "new") {
        for (const [number, connection] of connections) meet(each, number, connection);
      }
      return {
        async [Symbol.asyncDispose]() {
          if (!active.delete(each)) return;
          for (const connection of connections.values()) {
            connection.links.upstream.lift(each);
            connection.links.downstream.lift(each);
          }
          await refusal?.[Symbol.asyncDispose]();
        },
      };
    },

    refused() {
      for (const injection of refusing) injection.onHit({ refused: true });
      if (refusing.size > 0 || refusedLast === undefined || host.clock.monotonic() > refusedLast.until) return;
      refusedLast.injection.onHit({ refused: true });
    },

    traffic: () => connections.values().map(trafficOf).reduce(added, ended),

    connections: () =>
      [...connections].map(([number, connection]) => ({
        connection: number,
        client: connection.client(),
        since: connection.since,
        traffic: trafficOf(connection),
      })),

    async [Symbol.asyncDispose]() {
      disposed = true;
      active.clear();
      await door[Symbol.asyncDispose]();
      await Promise.all([...connections.values()].map((connection) => connection[Symbol.asyncDispose]()));
    },
  };
}

function trafficOf({ links: { upstream, downstream } }: Connection): BothWays {
  return {
    upstream: { received: upstream.received(), delivered: upstream.delivered() },
    downstream: { received: downstream.received(), delivered: downstream.delivered() },
  };
}
