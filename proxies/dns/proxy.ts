/**
 * One link's DNS proxy: UDP and TCP on one port (RFC 7766), each passed on over its own, with faults on the questions and their replies.
 *
 *     client ──┬─ datagrams ──► flow ────────┬── exchange: faults ──┬─ a socket of its own ─────► server
 *              └─ TCP ────────► connection ──┘                      └─ a connection of its own ─►
 *
 * Nobody waits for anybody else: a server that is slow or dead keeps only those waiting who have asked it.
 */
import { codeOf } from "../../host/error-code.ts";
import { formatAddress } from "../../host/address.ts";
import type { Address, DatagramSocket, Host, Socket } from "../../host/host.ts";
import type { Doors, Transport } from "../../faults/dns/contract.ts";
import { added, noTraffic, type BothWays, type LiveConnection } from "../live.ts";
import { openDoor, type Door } from "../tcp/door.ts";
import { startUdpRelay, type BothDirections, type Ends, type RelayEvent, type UdpRelay } from "../udp/relay.ts";
import { createConnection, type Connection, type ConnectionEndedBy } from "./connection.ts";
import { createExchange, type OnMessage, type Put } from "./exchange.ts";
import type { DnsInjection } from "./injections.ts";

export type { DnsInjection };

export interface DnsProxyOptions {
  readonly host: Host;
  readonly listen: { readonly host?: string; readonly port: number };
  /** Where the server is, asked for every datagram and every connection. While it is nowhere, datagrams are lost and connections are reset. */
  readonly server: (transport: Transport) => Address | Promise<Address>;
  readonly onEvent: (event: DnsEvent) => void;
  /** Every message that a client sends or is sent. */
  readonly onMessage?: OnMessage;
  /** Another address of this host, which replies may come from by mistake. By default there is one on loopback, and else none. */
  readonly elsewhere?: string | undefined;
  /** How long nothing passes until a flow ends. */
  readonly idleMs?: number;
  /** How many TCP connections there may be at a time; one more is reset. */
  readonly maximumConnections?: number;
}

/** Of flows and connections, which are counted together. */
export type DnsEvent =
  | RelayEvent
  | {
      readonly type: "close";
      readonly connection: number;
      readonly upstream: number;
      readonly downstream: number;
      readonly by: ConnectionEndedBy | "limit";
    };

export interface DnsProxy extends AsyncDisposable {
  readonly address: Address;
  /** Takes effect before it resolves, on what is asked and answered from then on; disposing the result lifts it. */
  inject(injection: DnsInjection): Promise<AsyncDisposable>;
  traffic(): BothWays;
  connections(): readonly LiveConnection[];
}

const loopback = "127.0.0.1";
/** A port that is free over UDP may be taken over TCP. */
const triesForBoth = 20;

/** @throws {Error} with `code` EADDRINUSE and so on if it can't listen. */
export async function startDnsProxy(options: DnsProxyOptions): Promise<DnsProxy> {
  const { host, listen, server, onEvent, onMessage, idleMs = 60_000, maximumConnections = 10_000 } = options;
  await using starting = new AsyncDisposableStack();
  const connections = new Map<number, Connection>();
  const elsewhere = new Map<"port" | "address", Promise<DatagramSocket>>();
  let over = noTraffic;
  let opened = 0;
  const next = (): number => (opened += 1);

  const exchange = starting.use(
    createExchange({
      clock: host.clock,
      onMessage,
      onLost: ({ connection }, direction) => onEvent({ type: "lost", connection, direction, why: "no-room" }),
    }),
  );

  function through({ connection, client, pass }: Ends): BothDirections {
    const { query, reply } = exchange.join({
      connection,
      transport: "udp",
      client: client.host,
      socket: formatAddress(client),
      pass: pass.upstream,
      put(all) {
        for (const put of all)
          if (put.source === undefined) pass.downstream(put.bytes);
          else void sendFrom(put.source, put, client);
      },
      end: () => {},
      keeps: () => {},
    });
    return { upstream: query, downstream: reply };
  }

  async function sendFrom(source: "port" | "address", { bytes }: Put, client: Address): Promise<void> {
    const socket = elsewhere.get(source) ?? (source === "port" ? otherPort(listen.host) : otherAddress());
    elsewhere.set(source, socket);
    try {
      (await socket).send(bytes, client);
    } catch {
      // It is lost, as on the way; and another try may have more luck.
      elsewhere.delete(source);
    }
  }

  function otherPort(of: string | undefined): Promise<DatagramSocket> {
    return host.network.bind({ ...(of !== undefined && { host: of }), port: 0 }, () => {});
  }

  /** Another proxy may have taken the port there, for the same mistake. */
  async function otherAddress(): Promise<DatagramSocket> {
    try {
      return await host.network.bind({ host: other ?? "", port: relay.address.port }, () => {});
    } catch (error) {
      if (codeOf(error) !== "EADDRINUSE") throw error;
      return otherPort(other);
    }
  }

  function onConnection(client: Socket): void {
    const number = next();
    onEvent({ type: "open", connection: number });
    if (connections.size >= maximumConnections) {
      client.on("error", () => undefined).resetAndDestroy();
      onEvent({ type: "close", connection: number, upstream: 0, downstream: 0, by: "limit" });
      return;
    }
    const connection = createConnection({
      host,
      number,
      client,
      server: () => server("tcp"),
      exchange,
      onEnd(by) {
        const { traffic } = connection.live();
        const [upstream, downstream] = [traffic.upstream.delivered, traffic.downstream.delivered];
        connections.delete(number);
        over = added(over, traffic);
        onEvent({ type: "close", connection: number, upstream, downstream, by });
      },
    });
    connections.set(number, connection);
  }

  function startRelay(): Promise<UdpRelay> {
    return startUdpRelay({
      host,
      listen,
      idleMs,
      server: () => server("udp"),
      through,
      number: next,
      onEvent,
    });
  }

  async function openBoth(tries: number): Promise<{ readonly relay: UdpRelay; readonly door: Door }> {
    const opening = await startRelay();
    try {
      const at = { ...listen, port: opening.address.port };
      return { relay: opening, door: await openDoor({ host, listen: at, onConnection }) };
    } catch (error) {
      await opening[Symbol.asyncDispose]();
      if (listen.port !== 0 || tries <= 1) throw error;
      return openBoth(tries - 1);
    }
  }

  const { relay, door } = await openBoth(triesForBoth);
  const other = options.elsewhere ?? (relay.address.host === loopback ? "127.0.0.2" : undefined);

  async function bar({ udp, tcp }: Doors, bars: AsyncDisposableStack): Promise<void> {
    if (udp !== undefined) bars.use(await relay.shut());
    if (tcp !== undefined) await bars.use(door.bar(tcp)).effective;
  }

  const started = starting.move();
  return {
    address: relay.address,
    async inject(injection) {
      await using injecting = new AsyncDisposableStack();
      const { fault, parameters } = injection;
      if (fault.otherAddress?.(parameters as Record<string, unknown>) === true && other === undefined)
        throw new Error(
          `${fault.kind} wants another address to reply from, and the proxy knows none beside ${relay.address.host}: listen on 127.0.0.1, or let replies come from another port`,
        );
      await bar(fault.doors?.(parameters as Record<string, unknown>) ?? {}, injecting);
      injecting.use(exchange.inject(injection, opened));
      return injecting.move();
    },
    traffic: () =>
      connections.values().reduce((sum, each) => added(sum, each.live().traffic), added(over, relay.traffic())),
    connections: () => [...relay.connections(), ...connections.values().map((each) => each.live())],
    async [Symbol.asyncDispose]() {
      exchange.clear();
      await door[Symbol.asyncDispose]();
      await Promise.all([...connections.values()].map((each) => each[Symbol.asyncDispose]()));
      await relay[Symbol.asyncDispose]();
      await Promise.allSettled([...elsewhere.values()].map(async (socket) => (await socket)[Symbol.asyncDispose]()));
      await started.disposeAsync();
    },
  };
}
