/** One link's proxy: listens where the client looks for the server, and puts faults on what passes. */
import type { Address, Host, Socket } from "../../host/host.ts";
import type { Direction, TcpFault } from "../../faults/tcp/contract.ts";
import { createConnection, type Connection, type EndedBy } from "./connection.ts";
import { openDoor } from "./door.ts";

export interface TcpProxyOptions {
  readonly host: Host;
  /** Where to listen. */
  readonly listen: { readonly host?: string; readonly port: number };
  /** Where the server is; asked for every connection, since a restarted server may have moved. */
  readonly server: () => Promise<Address>;
  readonly onEvent: (event: ProxyEvent) => void;
}

export type ProxyEvent =
  | { readonly type: "open"; readonly connection: number }
  | {
      readonly type: "close";
      readonly connection: number;
      readonly upstream: number;
      readonly downstream: number;
      readonly by: EndedBy;
    };

export interface TcpInjection {
  readonly fault: TcpFault;
  /** Validated by the fault's schema. */
  readonly parameters: object;
  readonly direction?: Direction | "both";
  /** Which connections: all that are there and all that come, unless narrowed. Ordinals count from 1 within the injection. */
  readonly scope?: "new" | "all";
  readonly probability?: number;
  readonly first?: number;
  readonly nth?: number;
  readonly everyNth?: number;
  /** A uniform number in [0, 1) for a decision of this injection; the same for the same name and n. */
  readonly draw: (decision: string, n: number) => number;
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
   * door is shut.
   */
  refused(): void;
}

/** One that acts now, and how many connections it has met. */
interface Active {
  readonly injection: TcpInjection;
  met: number;
}

/** @throws {Error} with `code` EADDRINUSE and so on if it can't listen. */
export async function startTcpProxy({ host, listen, server, onEvent }: TcpProxyOptions): Promise<TcpProxy> {
  const connections = new Map<number, Connection>();
  const active = new Set<Active>();
  const ended = new Set<PromiseWithResolvers<void>>();
  const stopped = new AbortController();
  let accepted = 0;

  function onConnection(client: Socket): void {
    if (stopped.signal.aborted) {
      client.destroy();
      return;
    }
    accepted += 1;
    const number = accepted;
    const gone = Promise.withResolvers<void>();
    ended.add(gone);
    const connection = createConnection({
      host,
      client,
      server,
      onEnd(by, delivered) {
        connections.delete(number);
        ended.delete(gone);
        onEvent({ type: "close", connection: number, ...delivered, by });
        gone.resolve();
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
    let hit = false;
    for (const direction of directionsOf(injection)) {
      connection.links[direction].inject({
        owner: each,
        fault,
        parameters,
        context: { since, direction, draw: (decision, n) => injection.draw(`${met}.${direction}.${decision}`, n) },
        onHit(item) {
          if (hit) return;
          hit = true;
          injection.onHit({ connection: number, direction, item: item.type });
        },
      });
    }
  }

  const door = await openDoor({ host, listen, onConnection });
  return {
    address: door.address,

    inject(injection) {
      const each: Active = { injection, met: 0 };
      active.add(each);
      const shut = injection.fault.door === "shut" ? door.shut() : undefined;
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
          await shut?.[Symbol.asyncDispose]();
        },
      };
    },

    refused() {
      for (const { injection } of active) {
        if (injection.fault.door === "shut") injection.onHit({ refused: true });
      }
    },

    async [Symbol.asyncDispose]() {
      stopped.abort();
      active.clear();
      await door[Symbol.asyncDispose]();
      const all = [...ended].map(({ promise }) => promise);
      for (const connection of connections.values()) connection.destroy();
      await Promise.all(all);
    },
  };
}

/** Ordinals count from 1. */
function chosen({ first, nth, everyNth, probability, draw }: TcpInjection, ordinal: number): boolean {
  if (first !== undefined && ordinal > first) return false;
  if (nth !== undefined && ordinal !== nth) return false;
  if (everyNth !== undefined && ordinal % everyNth !== 0) return false;
  return probability === undefined || draw("probability", ordinal) < probability;
}

function directionsOf({ fault, direction = fault.direction }: TcpInjection): readonly Direction[] {
  return direction === "both" ? ["upstream", "downstream"] : [direction];
}
