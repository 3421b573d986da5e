/**
 * One link's relay: takes datagrams where the client looks for the server, and puts faults on what passes.
 *
 *     client A ──┐              ┌── flow 1, a socket of its own ──► server
 *     client B ──┴── the door ──┴── flow 2                      ──►
 *
 * A flow begins with a client's first datagram and ends when nothing has passed for a while; its socket stays for as long again, to tell of answers that
 * come too late. Nobody hears of ICMP: what a server's kernel refuses is lost, as it is for every client whose socket is not connected.
 */
import { formatAddress, parseAddress } from "../../host/address.ts";
import type { Address, Host } from "../../host/host.ts";
import type { Datagram, Direction, UdpFault } from "../../faults/udp/contract.ts";
import type { Selection } from "../chosen.ts";
import { createInjections, type Party } from "../injections.ts";
import { added, noTraffic, type BothWays, type LiveConnection } from "../live.ts";
import { createFlow, type Flow } from "./flow.ts";

export interface UdpRelayOptions {
  readonly host: Host;
  readonly listen: { readonly host?: string; readonly port: number };
  /** Where the server is; asked for every datagram, since a restarted server may have moved. While it is nowhere, datagrams are lost. */
  readonly server: () => Promise<Address>;
  readonly onEvent: (event: RelayEvent) => void;
  /** How long nothing passes until a flow ends. */
  readonly idleMs?: number;
  /** What would begin one more is lost. */
  readonly maximumFlows?: number;
  /** How many bytes may wait in the whole relay; what comes then is lost. */
  readonly maximumBytes?: number;
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
    idleMs = 60_000,
    maximumFlows = 1000,
    maximumBytes = 64 * 1024 * 1024,
  } = options;
  const flows = new Map<string, Flow>();
  const injections = createInjections<UdpInjection>(host.clock, () => flows.values().map(partyOf));
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

  function begin(client: Address, key: string): Flow {
    opened += 1;
    const number = opened;
    const flow = createFlow({
      host,
      number,
      server,
      idleMs,
      keep,
      toClient: (bytes) => door.send(bytes, client),
      onLost: (direction, why) => onEvent({ type: "lost", connection: number, direction, why }),
      onEnd(by, delivered) {
        flows.delete(key);
        late.add(flow);
        over = added(over, flow.traffic());
        onEvent({ type: "close", connection: number, ...delivered, by });
        const [oldest] = late;
        if (late.size > maximumFlows) void oldest?.[Symbol.asyncDispose]();
      },
      onGone: () => void late.delete(flow),
    });
    flows.set(key, flow);
    onEvent({ type: "open", connection: number });
    injections.welcome(partyOf(flow));
    return flow;
  }

  const door = await host.network.bind(listen, (bytes, from) => {
    if (disposed) return;
    const key = formatAddress(from);
    const flow = flows.get(key) ?? (flows.size < maximumFlows ? begin(from, key) : undefined);
    if (flow === undefined) onEvent({ type: "lost", direction: "upstream", why: "too-many-flows" });
    else flow.receive(bytes);
  });

  return {
    address: door.address,
    inject(injection) {
      const injected = injections.inject(injection);
      return { [Symbol.asyncDispose]: async () => injected[Symbol.dispose]() };
    },
    traffic: () => flows.values().reduce((sum, flow) => added(sum, flow.traffic()), over),
    connections: () =>
      [...flows].map(([client, flow]) => ({
        connection: flow.number,
        client: parseAddress(client),
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

function partyOf({ number, pipes }: Flow): Party<UdpInjection> {
  return {
    number,
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
