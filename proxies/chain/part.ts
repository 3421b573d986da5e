/** A proxy of a chain: whole in itself, it listens, and leads to an address, so that none knows of another. */
import type { Address, Host } from "../../host/host.ts";
import type { Match } from "../../faults/match.ts";
import type { FaultOfLink } from "../../faults/registry.ts";
import type { Neighbours } from "../caller.ts";
import type { Selection } from "../chosen.ts";
import type { MessageEvent as DnsMessage } from "../dns/exchange.ts";
import type { DnsEvent } from "../dns/proxy.ts";
import type { HttpEvent } from "../http/proxy.ts";
import type { BothWays, LiveConnection } from "../live.ts";
import type { PacketEvent as NtpPacketEvent } from "../ntp/proxy.ts";
import type { TurnedAway } from "../tcp/door.ts";
import type { Injected, ProxyEvent } from "../tcp/proxy.ts";
import type { TlsProxyEvent } from "../tls/proxy.ts";
import type { RelayEvent } from "../udp/relay.ts";
import type { Leg } from "./planes.ts";

export type { Injected };

export interface ChainInjection extends Selection {
  readonly fault: FaultOfLink;
  /** Validated by the fault's schema. */
  readonly parameters: object;
  /** Of a fault of tcp: by default the client's. */
  readonly leg?: Leg;
  /** Which clients; for a fault of http, which requests; for one of tls, which handshakes; for one of dns, which questions. */
  readonly match?: Match;
  readonly onHit: OnHit;
}

export type OnHit = (detail: Readonly<Record<string, unknown>>) => void;

/** Of a plane's proxy, in the words of a history. */
type Named<What extends string, Event extends { readonly type: string }> = Event extends { readonly type: infer Type }
  ? Omit<Event, "type"> & { readonly event: `${What}.${Type & string}` }
  : never;
type Lost = { readonly type: "lost" };

export type ChainEvent =
  | Named<"connection", ProxyEvent | Exclude<DnsEvent, Lost>>
  | MessagePassed
  | Named<"datagram", Extract<RelayEvent, Lost>>
  | Named<"http", HttpEvent>
  | Named<"tls", Extract<TlsProxyEvent, { readonly type: "handshake" }>>;

/** What a client has sent or was sent, in one line. */
export type MessagePassed = Named<
  "dns" | "ntp",
  (DnsMessage & { readonly message: string }) | (Omit<NtpPacketEvent, "now"> & { readonly packet: string })
>;

/** Puts a message that has passed into words; the same function for all messages of a part. */
export type SayMessage = (message: object, bytes: Uint8Array) => MessagePassed;

/**
 * Of a message that passes: where thousands do in a second, to say what is in them takes longer than to pass them on. So whoever hears of it asks what it
 * is, now, or later of a copy of the bytes, or never.
 */
export type OnMessage = (message: object, bytes: Uint8Array, say: SayMessage) => void;

export const transports = ["tcp", "udp"] as const;
export type Transport = (typeof transports)[number];

export interface PartOptions extends Neighbours {
  readonly host: Host;
  readonly listen: Address;
  /** Where what comes next is: another part, or the server, by default over what the link is carried by; asked for every connection. */
  readonly server: (transport?: Transport) => Promise<Address>;
  /** The server of another link (`TcpProxyOptions`). */
  readonly serverOf?: (link: string) => Address;
  /** The server, whatever comes next. */
  readonly target: () => Promise<Address>;
  /** What the server's certificate is for; the first is what the client calls it. */
  readonly names: readonly string[];
  /** Where clients find it besides (`TlsProxyOptions`). */
  readonly alsoAt?: readonly string[];
  /** Another address of the host at which its clients reach it. */
  readonly elsewhere?: string | undefined;
  /** Of the outermost: somebody tells of each connect that is refused (`TcpProxyOptions`). */
  readonly hearsOfRefusals?: boolean;
  readonly onEvent: (event: ChainEvent) => void;
}

export interface Part extends AsyncDisposable {
  readonly address: Address;
  /** Somebody saw that a connect failed at the door (`TcpProxy.turnedAway`). */
  turnedAway?(how: TurnedAway): void;
  /** Disposing the result lifts it. @throws {Error} if the fault is of another plane. */
  inject(injection: ChainInjection): Injected;
}

/** Of what is carried by datagrams: its server is asked for with each of them, and best without a promise. */
export interface DatagramPartOptions extends Omit<PartOptions, "server"> {
  readonly server: (transport?: Transport) => Address | Promise<Address>;
  /** By default `onEvent` is told of messages as well. */
  readonly onMessage?: OnMessage;
}

/** Where the client knocks. */
export interface Outermost extends Part {
  turnedAway(how: TurnedAway): void;
  traffic(): BothWays;
  connections(): readonly LiveConnection[];
}

/** For the messages of a proxy, of which `say` says what they are. */
export function passed<Message extends object>(
  {
    onEvent,
    onMessage = (message, bytes, sayIt) => onEvent(sayIt(message, bytes)),
  }: Pick<DatagramPartOptions, "onEvent" | "onMessage">,
  say: (message: Message, bytes: Uint8Array) => MessagePassed,
): (message: Message, bytes: Uint8Array) => void {
  return (message, bytes) => onMessage(message, bytes, say as SayMessage);
}

/** For the events of the proxy of one plane. */
export function told(
  what: "connection" | "datagram" | "http" | "tls",
  onEvent: PartOptions["onEvent"],
): (event: { readonly type: string }) => void {
  return ({ type, ...details }) => onEvent({ event: `${what}.${type}`, ...details } as unknown as ChainEvent);
}

export function faultOf<Plane extends FaultOfLink["plane"]>(
  { fault }: ChainInjection,
  plane: Plane,
): Extract<FaultOfLink, { readonly plane: Plane }> {
  if (fault.plane !== plane) throw new Error(`${fault.kind} does not act on what goes over ${plane}`);
  return fault as Extract<FaultOfLink, { readonly plane: Plane }>;
}

/** One that takes effect at once. */
export function atOnce(injected: AsyncDisposable): Injected {
  return { effective: Promise.resolve(), [Symbol.asyncDispose]: () => injected[Symbol.asyncDispose]() };
}

/** One that takes a moment, and may fail. */
export function onceThere(injecting: Promise<AsyncDisposable>): Injected {
  const effective = injecting.then(() => undefined);
  // Not everybody waits for it.
  effective.catch(() => undefined);
  return {
    effective,
    async [Symbol.asyncDispose]() {
      const injected = await injecting.catch(() => undefined);
      await injected?.[Symbol.asyncDispose]();
    },
  };
}
