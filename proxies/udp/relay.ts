/**
 * One link's relay: takes datagrams where the client looks for the server, and puts faults on what passes.
 *
 *     client A ──┐              ┌── flow 1, a socket of its own ──► server
 *     client B ──┴── the door ──┴── flow 2                      ──►
 *
 * A flow begins with a client's first datagram and ends when nothing has passed for a while. Nobody hears of ICMP: what a server's kernel refuses is
 * lost, as it is for every client whose socket is not connected.
 */
import { formatAddress, parseAddress } from "../../host/address.ts";
import type { Address, Host } from "../../host/host.ts";
import type { UdpFault } from "../../faults/udp/contract.ts";
import { chosen, directionsOf, type Selection } from "../chosen.ts";
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
    };

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

interface Active {
  readonly injection: UdpInjection;
  met: number;
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
  const active = new Set<Active>();
  const ending = new Set<Promise<void>>();
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
      onEnd(by, delivered, gone) {
        flows.delete(key);
        over = added(over, flow.traffic());
        ending.add(gone);
        void gone.then(() => ending.delete(gone));
        onEvent({ type: "close", connection: number, ...delivered, by });
      },
    });
    flows.set(key, flow);
    onEvent({ type: "open", connection: number });
    for (const each of active) meet(each, flow);
    return flow;
  }

  function meet(each: Active, flow: Flow): void {
    each.met += 1;
    const { injection, met } = each;
    if (!chosen(injection, met)) return;
    const { fault, parameters, direction: way = fault.direction } = injection;
    let hit = false;
    for (const direction of directionsOf(way)) {
      const draw = (decision: string, n: number): number => injection.draw(`${met}.${direction}.${decision}`, n);
      const context = { since: host.clock.monotonic(), direction, draw };
      flow.pipes[direction].inject({
        owner: each,
        fault,
        parameters,
        context,
        state: fault.start(parameters as Record<string, unknown>, context),
        onHit({ ordinal }) {
          if (hit) return;
          hit = true;
          injection.onHit({ connection: flow.number, direction, datagram: ordinal });
        },
      });
    }
  }

  const door = await host.network.bind(listen, (bytes, from) => {
    if (disposed) return;
    const key = formatAddress(from);
    const flow = flows.get(key) ?? (flows.size < maximumFlows ? begin(from, key) : undefined);
    flow?.receive(bytes);
  });

  return {
    address: door.address,
    inject(injection) {
      const each: Active = { injection, met: 0 };
      active.add(each);
      if (injection.scope !== "new") for (const flow of flows.values()) meet(each, flow);
      return {
        async [Symbol.asyncDispose]() {
          if (!active.delete(each)) return;
          for (const { pipes } of flows.values()) {
            pipes.upstream.lift(each);
            pipes.downstream.lift(each);
          }
        },
      };
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
      active.clear();
      for (const flow of flows.values()) flow.end("proxy");
      await Promise.all(ending);
      await door[Symbol.asyncDispose]();
    },
  };
}
