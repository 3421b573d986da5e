/** The links of a world: a chain of proxies each (`proxies/chain/`), whose events are the history's. */
import type { Address } from "../../host/host.ts";
import { formatAddress } from "../../host/address.ts";
import { drawFrom, type Chance } from "../../faults/random.ts";
import { faults, isFaultOfLink, type FaultOfLink } from "../../faults/registry.ts";
import { startChain, type Chain, type ChainOptions } from "../../proxies/chain/chain.ts";
import type { ChainInjection } from "../../proxies/chain/part.ts";
import { waysToBeTurnedAway, type TurnedAway } from "../../proxies/tcp/door.ts";
import { messageOf, WorldError } from "../errors.ts";
import type { Happening, RecordEvent } from "../history/event.ts";
import type { Link } from "../plan/schema.ts";

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
export interface LinkOptions extends Omit<ChainOptions, "secure" | "onEvent"> {
  readonly name: string;
  readonly record: RecordEvent;
}

export async function startLink({
  name,
  record,
  inner = [],
  names = [name],
  ...options
}: LinkOptions): Promise<StartedLink> {
  const chain = await startChain({
    ...options,
    inner,
    names,
    secure: inner.includes("origination"),
    hearsOfRefusals: true,
    onEvent: (event) => record({ ...event, link: name } as Happening),
  });
  return {
    address: chain.address,
    turnedAway: (how) => chain.turnedAway(how),
    inject: (injection, onHit) => inject(chain, name, { ...injectionOf(injection), onHit }),
    [Symbol.asyncDispose]: () => chain[Symbol.asyncDispose](),
  };
}

/** One that can't take effect is lifted again. */
async function inject(chain: Chain, link: string, injection: ChainInjection): Promise<AsyncDisposable> {
  await using failing = new AsyncDisposableStack();
  try {
    const injected = failing.use(chain.inject(injection));
    await injected.effective;
    failing.move();
    return injected;
  } catch (cause) {
    await failing.disposeAsync().catch(() => undefined);
    throw new WorldError(`${link}: ${messageOf(cause)}`, { cause });
  }
}

/** The keys of a plan are in snake_case. */
function injectionOf({ kind, parameters, match, chance }: LinkInjection): Omit<ChainInjection, "onHit"> {
  const { every_nth: everyNth, ...others } = match;
  const selection = everyNth === undefined ? others : { ...others, everyNth };
  return { ...selection, fault: faultOfLink(kind), parameters, draw: drawFrom(chance) };
}

function faultOfLink(kind: string): FaultOfLink {
  const fault = faults.get(kind);
  if (fault !== undefined && isFaultOfLink(fault)) return fault;
  throw new WorldError(`no fault of links is called ${kind}: see "sinbin faults"`);
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
