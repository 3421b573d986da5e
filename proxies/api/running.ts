/**
 * What runs behind a proxy of the API while it is enabled, by its protocol. To add one, add its line.
 *
 *     client ──► running (faults of its planes) ──► server
 */
import type { Address, Host } from "../../host/host.ts";
import type { TcpFault } from "../../faults/tcp/contract.ts";
import type { UdpFault } from "../../faults/udp/contract.ts";
import type { FaultOfLink } from "../../faults/registry.ts";
import type { Selection } from "../chosen.ts";
import type { BothWays, LiveConnection } from "../live.ts";
import { startTcpProxy, type ProxyEvent } from "../tcp/proxy.ts";
import { startUdpRelay, type RelayEvent } from "../udp/relay.ts";

export type OnHit = (detail: Readonly<Record<string, unknown>>) => void;

export interface Injection extends Selection {
  /** Of a plane that acts on the protocol (`actsOn`). */
  readonly fault: FaultOfLink;
  /** Validated by the fault's schema. */
  readonly parameters: object;
  readonly onHit: OnHit;
}

export interface Running extends AsyncDisposable {
  /** What was really bound. */
  readonly address: Address;
  /** Takes effect at once on new and on existing connections; disposing the result lifts it. */
  inject(injection: Injection): AsyncDisposable;
  traffic(): BothWays;
  connections(): readonly LiveConnection[];
}

export interface StartOptions {
  readonly host: Host;
  readonly listen: Address;
  readonly server: () => Promise<Address>;
  readonly onEvent: (event: ProxyEvent | RelayEvent) => void;
}

/** Each throws an Error with `code` EADDRINUSE and so on if it can't listen. */
const starters = {
  tcp: async (options: StartOptions): Promise<Running> => {
    const proxy = await startTcpProxy(options);
    const inject: Running["inject"] = (injection) => proxy.inject({ ...injection, fault: injection.fault as TcpFault });
    return { ...proxy, inject };
  },
  udp: async (options: StartOptions): Promise<Running> => {
    const relay = await startUdpRelay(options);
    const inject: Running["inject"] = (injection) => relay.inject({ ...injection, fault: injection.fault as UdpFault });
    return { ...relay, inject };
  },
} as const;

export type Proto = keyof typeof starters;
export const protos = Object.keys(starters) as readonly Proto[];

export function startRunning(proto: Proto, options: StartOptions): Promise<Running> {
  return starters[proto](options);
}
