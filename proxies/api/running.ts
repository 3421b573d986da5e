/**
 * What runs behind a proxy of the API while it is enabled, by its protocol. To add one, add its line.
 *
 *     client ──► running (faults of its planes) ──► server
 */
import type { Address, Host } from "../../host/host.ts";
import type { TcpFault } from "../../faults/tcp/contract.ts";
import type { HttpFault } from "../../faults/http/contract.ts";
import type { RequestMatch } from "../../faults/http/match.ts";
import type { UdpFault } from "../../faults/udp/contract.ts";
import type { FaultOfLink } from "../../faults/registry.ts";
import type { Selection } from "../chosen.ts";
import type { BothWays, LiveConnection } from "../live.ts";
import { startHttpProxy, type HttpEvent } from "../http/proxy.ts";
import { startTcpProxy, type ProxyEvent } from "../tcp/proxy.ts";
import { startUdpRelay, type RelayEvent } from "../udp/relay.ts";

export type OnHit = (detail: Readonly<Record<string, unknown>>) => void;

export interface Injection extends Selection {
  /** Of a plane that acts on the protocol (`actsOn`). */
  readonly fault: FaultOfLink;
  /** Validated by the fault's schema. */
  readonly parameters: object;
  /** Which requests, for a fault of http. */
  readonly match?: RequestMatch;
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

/** Without the number of a connection: the one behind the outermost proxy has numbers of its own. */
type OfRequest<Event> = Event extends unknown ? Omit<Event, "connection"> & { readonly connection?: undefined } : never;

export interface StartOptions {
  readonly host: Host;
  readonly listen: Address;
  readonly server: () => Promise<Address>;
  readonly onEvent: (event: ProxyEvent | RelayEvent | OfRequest<HttpEvent>) => void;
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
  http: async (options: StartOptions): Promise<Running> => {
    // As in the chain of a plan's link: what befalls TCP is between the client and the proxy that reads requests.
    await using starting = new AsyncDisposableStack();
    const { host, server, onEvent } = options;
    const reader = starting.use(
      await startHttpProxy({ host, listen: loopback, server, onEvent: (event) => onEvent(ofRequest(event)) }),
    );
    const outermost = starting.use(
      await startTcpProxy({ ...options, server: async () => reader.address, target: server }),
    );
    const started = starting.move();
    return {
      ...outermost,
      inject(injection) {
        const { fault, onHit } = injection;
        if (fault.plane === "tcp") return outermost.inject({ ...injection, fault });
        return reader.inject({ ...injection, fault: fault as HttpFault, onHit: (hit) => onHit(ofRequest(hit)) });
      },
      [Symbol.asyncDispose]: () => started.disposeAsync(),
    };
  },
} as const;

const loopback = { host: "127.0.0.1", port: 0 };

function ofRequest<Of extends object>(event: Of): OfRequest<Of> {
  return { ...event, connection: undefined } as unknown as OfRequest<Of>;
}

export type Proto = keyof typeof starters;
export const protos = Object.keys(starters) as readonly Proto[];

export function startRunning(proto: Proto, options: StartOptions): Promise<Running> {
  return starters[proto](options);
}
