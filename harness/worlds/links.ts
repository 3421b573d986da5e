/** The links of a world: a chain of proxies each (`chain/`), whose events are the history's. */
import type { Address } from "../../host/host.ts";
import { formatAddress } from "../../host/address.ts";
import type { Chance } from "../../faults/random.ts";
import { waysToBeTurnedAway, type TurnedAway } from "../../proxies/tcp/door.ts";
import type { Link } from "../plan/schema.ts";
import { startChain } from "./chain/chain.ts";
import { startDnsPart } from "./chain/dns.ts";
import type { PartOptions } from "./chain/part.ts";
import { startNtpPart } from "./chain/ntp.ts";
import { startUdpPart } from "./chain/udp.ts";
import type { InnerProxy } from "./planes.ts";
import type { Carrier } from "./transport.ts";

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
  /** Somebody saw that a connect failed at the door (`TcpProxy.turnedAway`). */
  turnedAway(how: TurnedAway): void;
}

/** The name by which the client knows the server. */
export function hostName(link: Link): string {
  return link.name ?? link.to;
}

/** It listens where the client looks for the server. */
export interface LinkOptions extends PartOptions {
  /** By default tcp. */
  readonly carrier?: Carrier;
  /** The proxies that it needs besides the one where its client knocks (`innerProxiesOf`); by default none. */
  readonly inner?: readonly InnerProxy[];
}

const starters: Readonly<Record<Carrier, typeof startChain>> = {
  tcp: startChain,
  udp: startUdpPart,
  dns: startDnsPart,
  ntp: startNtpPart,
};

export async function startLink({ carrier = "tcp", inner = [], ...options }: LinkOptions): Promise<StartedLink> {
  const part = await starters[carrier](options, inner);
  return {
    address: part.address,
    turnedAway: (how) => part.turnedAway(how),
    inject: async (injection, onHit) => part.inject(injection, onHit),
    [Symbol.asyncDispose]: () => part[Symbol.asyncDispose](),
  };
}

/** The events by which the host of a program tells of a connect that failed at the door. */
const toldOfDoors: ReadonlyMap<unknown, TurnedAway> = new Map(waysToBeTurnedAway.map((how) => [`network.${how}`, how]));

/** Tells the proxy whose door it was; returns whether this is what the event is about. `address`: what was tried, as `formatAddress` has it. */
export function tellDoor(
  { event, address }: { readonly event?: unknown; readonly address?: unknown },
  service: string,
  links: ReadonlyMap<string, Link>,
  running: ReadonlyMap<string, Pick<StartedLink, "address" | "turnedAway">>,
): boolean {
  const how = toldOfDoors.get(event);
  if (how === undefined) return false;
  for (const [name, link] of running) {
    if (links.get(name)?.from === service && formatAddress(link.address) === address) link.turnedAway(how);
  }
  return true;
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
