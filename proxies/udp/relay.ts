/**
 * One link's relay: takes datagrams where the client looks for the server, and puts faults on what passes.
 *
 *     client A ──┐              ┌── flow 1, a socket of its own ──► server
 *     client B ──┴── the door ──┴── flow 2                      ──►
 *
 * A flow begins with a client's first datagram and ends when nothing has passed for a while; its socket stays for as long again, to tell of answers that
 * come too late. Nobody hears of ICMP: what a server's kernel refuses is lost, as it is for every client whose socket is not connected.
 */
import type { Address, Host } from "../../host/host.ts";
import type { Datagram, Direction, UdpFault } from "../../faults/udp/contract.ts";
import type { Selection } from "../chosen.ts";
import { createInjections, type Party } from "../injections.ts";
import { added, noTraffic, type BothWays, type LiveConnection } from "../live.ts";
import { openUdpDoor } from "./door.ts";
import { createFlow, type Flow } from "./flow.ts";

export interface UdpRelayOptions {
  readonly host: Host;
  readonly listen: { readonly host?: string; readonly port: number };
  /** Where the server is; asked for every datagram, since a restarted server may have moved; best without a promise. While it is nowhere, datagrams are lost. */
  readonly server: () => Address | Promise<Address>;
  readonly onEvent: (event: RelayEvent) => void;
  /** Asked when a flow begins who is in the middle of it: what comes from either side goes there. By default all passes at once, as it is. */
  readonly through?: (flow: Ends) => BothDirections;
  /** The number of the next flow, where they are not all that is counted; by default 1, 2 and so on. */
  readonly number?: () => number;
  /** How long nothing passes until a flow ends. */
  readonly idleMs?: number;
  /** What would begin one more is lost. */
  readonly maximumFlows?: number;
  /** How many bytes may wait in the whole relay; what comes then is lost. */
  readonly maximumBytes?: number;
}

/** Takes what goes each way. */
export type BothDirections = Readonly<Record<Direction, (bytes: Uint8Array) => void>>;

/** A flow, as whoever is in the middle of it sees it. */
export interface Ends {
  readonly connection: number;
  readonly client: Address;
  /** Any number of times, now and later: what passes after the flow has ended is lost upstream, and not downstream. */
  readonly pass: BothDirections;
}

/** Of the history's words, so that a flow is a connection to whoever judges. */
export type RelayEvent =
  | { readonly type: "open"; readonly connection: number }
  | {
      readonly type: "close";
      readonly connection: number;
      readonly upstream: number;
      readonly downstream: number;
      readonly by: FlowEndedBy;
    }
  | { readonly type: "lost"; readonly connection?: number; readonly direction: Direction; readonly why: WhyLost };

/** Why a datagram was lost without any fault: its flow was over, or there may be no more of them, or no more bytes may wait; or the server is nowhere. */
export type WhyLost = "idle" | "too-many-flows" | "no-room" | "no-server";

export type FlowEndedBy = "idle" | "proxy";

export interface UdpInjection extends Selection {
  readonly fault: UdpFault;
  /** Validated by the fault's schema. */
  readonly parameters: object;
  /** Once for each flow of which the fault has really changed something. */
  readonly onHit: (detail: Readonly<Record<string, unknown>>) => void;
}

export interface UdpRelay extends AsyncDisposable {
  readonly address: Address;
  /** From the door, to whomever, without any fault. */
  send(bytes: Uint8Array, client: Address): void;
  /** Shuts the port until the result is disposed. @throws {Error} then, if somebody else has taken it. */
  shut(): Promise<AsyncDisposable>;
  /** Takes effect on what comes from now on; disposing the result lifts it. Later injections act on what earlier ones put out. */
  inject(injection: UdpInjection): AsyncDisposable;
  /** Bytes until now, those of live flows included. */
  traffic(): BothWays;
  connections(): readonly LiveConnection[];
}

/** @throws {Error} with `code` EADDRINUSE and so on if it can't listen. */
export async function startUdpRelay(options: UdpRelayOptions): Promise<UdpRelay> {
  const {
    host,
    listen,
    server,
    onEvent,
    through = ({ pass }) => pass,
    idleMs = 60_000,
    maximumFlows = 1000,
    maximumBytes = 64 * 1024 * 1024,
  } = options;
  /** What clients send goes there, by address and port. A key of both would have to be made for every datagram. */
  const flowsOf = new Map<string, Map<number, (bytes: Uint8Array) => void>>();
  const flows = new Set<Flow>();
  const injections = createInjections<UdpInjection>(host.clock, () => [...flows].map(partyOf));
  /** Over, but an answer may still come. */
  const late = new Set<Flow>();
  /** Of flows that are no more. */
  let over = noTraffic;
  let opened = 0;
  let kept = 0;
  let disposed = false;

  function keep(bytes: number): boolean {
    if (bytes > 0 && kept + bytes > maximumBytes) return false;
    kept += bytes;
    return true;
  }

  function begin(client: Address): (bytes: Uint8Array) => void {
    opened += 1;
    const number = options.number?.() ?? opened;
    const flow = createFlow({
      host,
      number,
      client,
      server,
      idleMs,
      keep,
      toClient: (bytes) => between.downstream(bytes),
      onLost: (direction, why) => onEvent({ type: "lost", connection: number, direction, why }),
      onEnd(by, delivered) {
        flows.delete(flow);
        const ofHost = flowsOf.get(client.host);
        ofHost?.delete(client.port);
        if (ofHost?.size === 0) flowsOf.delete(client.host);
        late.add(flow);
        over = added(over, flow.traffic());
        onEvent({ type: "close", connection: number, ...delivered, by });
        const [oldest] = late;
        if (late.size > maximumFlows) void oldest?.[Symbol.asyncDispose]();
      },
      onGone: () => void late.delete(flow),
    });
    const toClient = (bytes: Uint8Array): void => door.send(bytes, client);
    const between = through({ connection: number, client, pass: { upstream: flow.receive, downstream: toClient } });
    flows.add(flow);
    const ofHost = flowsOf.get(client.host) ?? new Map<number, (bytes: Uint8Array) => void>();
    flowsOf.set(client.host, ofHost.set(client.port, between.upstream));
    onEvent({ type: "open", connection: number });
    injections.welcome(partyOf(flow));
    return between.upstream;
  }

  function onDatagram(bytes: Uint8Array, client: Address): void {
    if (disposed) return;
    const take = flowsOf.get(client.host)?.get(client.port) ?? (flows.size < maximumFlows ? begin(client) : undefined);
    if (take === undefined) onEvent({ type: "lost", direction: "upstream", why: "too-many-flows" });
    else take(bytes);
  }

  const door = await openUdpDoor({ host, listen, onDatagram });

  return {
    address: door.address,
    send: (bytes, client) => door.send(bytes, client),
    shut: () => door.shut(),
    inject(injection) {
      const injected = injections.inject(injection);
      return { [Symbol.asyncDispose]: async () => injected[Symbol.dispose]() };
    },
    traffic: () => flows.values().reduce((sum, flow) => added(sum, flow.traffic()), over),
    connections: () =>
      [...flows.values()].map((flow) => ({
        connection: flow.number,
        client: flow.client,
        since: flow.since,
        traffic: flow.traffic(),
      })),
    async [Symbol.asyncDispose]() {
      disposed = true;
      injections.clear();
      for (const flow of flows.values()) flow.end("proxy");
      await Promise.all([...late].map((flow) => flow[Symbol.asyncDispose]()));
      await door[Symbol.asyncDispose]();
    },
  };
}

function partyOf({ number, client, pipes }: Flow): Party<UdpInjection> {
  return {
    number,
    client: () => client,
    take({ owner, injection: { fault, parameters }, direction, hit, since, draw }) {
      const context = { since, direction, draw };
      const state = fault.start(parameters as Record<string, unknown>, context);
      const onHit = ({ ordinal }: Datagram): void => hit({ datagram: ordinal });
      pipes[direction].inject({ owner, fault, parameters, context, state, onHit });
    },
    lift(owner) {
      pipes.upstream.lift(owner);
      pipes.downstream.lift(owner);
    },
  };
}
