/** The links of a world: a proxy each, whose events are the history's. */
import type { Address, Host } from "../../host/host.ts";
import { formatAddress } from "../../host/address.ts";
import { drawFrom, type Chance } from "../../faults/random.ts";
import { faults, type FaultOfLink } from "../../faults/registry.ts";
import { startTcpProxy } from "../../proxies/tcp/proxy.ts";
import { startUdpRelay } from "../../proxies/udp/relay.ts";
import { WorldError } from "../errors.ts";
import type { Happening, RecordEvent } from "../history/event.ts";
import type { Link } from "../plan/schema.ts";
import type { Transport } from "./transport.ts";

/** A fault for a link, as plain data: its proxy may be in another process. */
export interface LinkInjection {
  readonly kind: string;
  /** Validated by the fault's schema. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Which connections, as the proxy has it. */
  readonly match: Readonly<Record<string, unknown>>;
  readonly chance: Chance;
}

export type OnHit = (detail: Readonly<Record<string, unknown>>) => void;

/** A link as the timeline sees it. */
export interface RunningLink {
  /** Where the client finds the server. */
  readonly address: Address;
  /** Takes effect before it resolves; disposing the result lifts the fault. @throws {WorldError} if there is none of that kind for links. */
  inject(injection: LinkInjection, onHit: OnHit): Promise<AsyncDisposable>;
}

/** A link as its world sees it. */
export interface StartedLink extends RunningLink, AsyncDisposable {
  /** Somebody saw that a connect was refused (`TcpProxy.refused`). */
  refused(): void;
}

/** The name by which the client knows the server. */
export function hostName(link: Link): string {
  return link.name ?? link.to;
}

export interface LinkOptions {
  readonly name: string;
  readonly host: Host;
  /** By default tcp. */
  readonly transport?: Transport;
  /** Where the client looks for the server. */
  readonly listen: Address;
  /** Where the server is. */
  readonly server: () => Promise<Address>;
  readonly record: RecordEvent;
}

export async function startLink({ transport = "tcp", ...options }: LinkOptions): Promise<StartedLink> {
  return transport === "udp" ? startUdpLink(options) : startTcpLink(options);
}

async function startTcpLink({ name, host, listen, server, record }: LinkOptions): Promise<StartedLink> {
  const proxy = await startTcpProxy({ host, listen, server, onEvent: recorder(name, record) });
  return {
    address: proxy.address,
    refused: () => proxy.refused(),
    async inject({ kind, parameters, match, chance }, onHit) {
      const fault = faultOfLink(kind, "tcp");
      return proxy.inject({ ...selectionOf(match), fault, parameters, draw: drawFrom(chance), onHit });
    },
    [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
  };
}

async function startUdpLink({ name, host, listen, server, record }: LinkOptions): Promise<StartedLink> {
  const relay = await startUdpRelay({ host, listen, server, onEvent: recorder(name, record) });
  return {
    address: relay.address,
    // No door is ever shut: nobody connects.
    refused: () => {},
    async inject({ kind, parameters, match, chance }, onHit) {
      const fault = faultOfLink(kind, "udp");
      return relay.inject({ ...selectionOf(match), fault, parameters, draw: drawFrom(chance), onHit });
    },
    [Symbol.asyncDispose]: () => relay[Symbol.asyncDispose](),
  };
}

function recorder(link: string, record: RecordEvent): (event: { readonly type: string }) => void {
  return ({ type, ...details }) => record({ event: `connection.${type}`, link, ...details } as Happening);
}

function faultOfLink<Plane extends FaultOfLink["plane"]>(kind: string, plane: Plane) {
  const fault = faults.get(kind);
  if (fault?.plane !== plane)
    throw new WorldError(`no fault of ${plane} links is called ${kind}: see "sinbin faults ${plane}"`);
  return fault as Extract<FaultOfLink, { readonly plane: Plane }>;
}

/** The keys of a plan are in snake_case. */
function selectionOf({ every_nth: everyNth, ...match }: LinkInjection["match"]): Readonly<Record<string, unknown>> {
  return everyNth === undefined ? match : { ...match, everyNth };
}

/** What the host of a program says when a connect is refused. */
export interface Refusal {
  /** Who was refused. */
  readonly service: string;
  /** What it tried, as `formatAddress` has it. */
  readonly address: unknown;
}

/** Tells the proxy whose door it was. */
export function tellRefusal(
  { service, address }: Refusal,
  links: ReadonlyMap<string, Link>,
  running: ReadonlyMap<string, Pick<StartedLink, "address" | "refused">>,
): void {
  for (const [name, link] of running) {
    if (links.get(name)?.from === service && formatAddress(link.address) === address) link.refused();
  }
}

/** For daemons that know nothing of our hosts: `SINBIN_LINK_FETCH_HOST` and `SINBIN_LINK_FETCH_PORT`, for each link of a client whose door is known. */
export function linkVariables(
  service: string,
  links: ReadonlyMap<string, Link>,
  doorOf: (name: string, link: Link) => Address | undefined,
): Readonly<Record<string, string>> {
  const own = [...links].filter(([, { from }]) => from === service);
  const pairs = own.flatMap(([name, link]) => {
    const door = doorOf(name, link);
    const prefix = `SINBIN_LINK_${name.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_")}`;
    if (door === undefined) return [];
    return [[`${prefix}_HOST`, door.host] as const, [`${prefix}_PORT`, String(door.port)] as const];
  });
  return Object.fromEntries(pairs);
}
