/** The links of a world: a proxy each, whose events are the history's. */
import type { Address, Host } from "../../host/host.ts";
import { formatAddress } from "../../host/address.ts";
import { drawFrom, type Chance } from "../../faults/random.ts";
import { faults } from "../../faults/registry.ts";
import { startTcpProxy } from "../../proxies/tcp/proxy.ts";
import { WorldError } from "../errors.ts";
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
  /** Where the client looks for the server. */
  readonly listen: Address;
  /** Where the server is. */
  readonly server: () => Promise<Address>;
  readonly record: RecordEvent;
}

export async function startLink({ name, host, listen, server, record }: LinkOptions): Promise<StartedLink> {
  const proxy = await startTcpProxy({
    host,
    listen,
    server,
    onEvent: (event) => {
      const { type, ...details } = event;
      record({ event: `connection.${type}`, link: name, ...details } as Happening);
    },
  });
  return {
    address: proxy.address,
    refused: () => proxy.refused(),
    async inject({ kind, parameters, match, chance }, onHit) {
      const fault = faults.get(kind);
      if (fault?.plane !== "tcp") throw new WorldError(`no fault of links is called ${kind}: see "sinbin faults tcp"`);
      return proxy.inject({ ...match, fault, parameters, draw: drawFrom(chance), onHit });
    },
    [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
  };
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
