/**
 * One link's http proxy: reads the requests that come, and puts faults on them and on their replies.
 *
 *     client ──► reader ──► faults ──► http-proxy ──► server
 *     client ◄── delivery ◄─ faults ◄─ reply ◄────────┘
 *
 * Each connection has its own one to the server, and what is no HTTP/1.x passes as it is.
 */
import type { Address, Host, Socket } from "../../host/host.ts";
import { createAdmission, type Caller, type Neighbours } from "../caller.ts";
import { createConnection, type Connection } from "./connection.ts";
import type { Reply, Unreadable } from "./exchange.ts";
import { createForwarder } from "./forward.ts";
import { createInjections, type Asked, type HttpInjection } from "./injections.ts";
import { createPassing } from "./passing.ts";

export type { HttpInjection };

export interface HttpProxyOptions extends Neighbours {
  readonly host: Host;
  readonly listen: { readonly host?: string; readonly port: number };
  /** Where the server is; asked for every connection. If it can't be reached, the client is reset, unless a fault answers. */
  readonly server: () => Promise<Address>;
  readonly onEvent: (event: HttpEvent) => void;
  /** How many connections there may be at a time; one more is reset. */
  readonly maximumConnections?: number;
}

/** `request`: its head is in. `reply`: the client has been sent it, as far as it came. `unreadable`: the server has said what is no HTTP, for a reply or within one. */
export type HttpEvent =
  | ({ readonly type: "request" } & Asked)
  | ({ readonly type: "reply" } & Reply)
  | ({ readonly type: "unreadable" } & Unreadable);

export interface HttpProxy extends AsyncDisposable {
  readonly address: Address;
  /** Takes effect on what is asked, and on what is answered, from now on; disposing the result lifts it. */
  inject(injection: HttpInjection): AsyncDisposable;
  /** How many there are now. */
  connections(): number;
}

const defaultMaximumConnections = 10_000;

/** @throws {Error} with `code` EADDRINUSE and so on if it can't listen. */
export async function startHttpProxy(options: HttpProxyOptions): Promise<HttpProxy> {
  const { host, listen, server, onEvent, maximumConnections = defaultMaximumConnections } = options;
  const connections = new Set<Connection>();
  const injections = createInjections();
  const passing = createPassing(host.clock);
  const forwarder = createForwarder();
  let accepted = 0;

  const admit = createAdmission(options);

  function onConnection(client: Socket, caller: Caller): void {
    accepted += 1;
    if (connections.size >= maximumConnections) {
      client.on("error", () => undefined).resetAndDestroy();
      return;
    }
    const connection: Connection = createConnection({
      host,
      arrival: { ordinal: accepted, ...caller },
      neighbours: options,
      client,
      server,
      injections,
      passing,
      forwarder,
      onRequest: (asked) => onEvent({ type: "request", ...asked }),
      onReply: (reply) => onEvent({ type: "reply", ...reply }),
      onUnreadable: (unreadable) => onEvent({ type: "unreadable", ...unreadable }),
      onEnd: () => void connections.delete(connection),
    });
    connections.add(connection);
  }

  const listener = await host.network.listen({ ...listen, halfOpen: true }, (client) =>
    admit(client, (caller) => onConnection(client, caller)),
  );
  return {
    address: listener.address,
    connections: () => connections.size,
    inject: (injection) => injections.add(injection, accepted),
    async [Symbol.asyncDispose]() {
      injections.clear();
      await listener[Symbol.asyncDispose]();
      await Promise.all([...connections].map((connection) => connection[Symbol.asyncDispose]()));
    },
  };
}
