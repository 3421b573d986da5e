/** The links of a world: a proxy each, whose events are the history's. */
import type { Address, Host } from "../../host/host.ts";
import { formatAddress } from "../../host/address.ts";
import { startTcpProxy } from "../../proxies/tcp/proxy.ts";
import type { TcpProxy } from "../../proxies/tcp/proxy.ts";
import type { Happening, RecordEvent } from "../history/event.ts";
import type { Link } from "../plan/schema.ts";

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

export function startLink({ name, host, listen, server, record }: LinkOptions): Promise<TcpProxy> {
  return startTcpProxy({
    host,
    listen,
    server,
    onEvent: (event) => {
      const { type, ...details } = event;
      record({ event: `connection.${type}`, link: name, ...details } as Happening);
    },
  });
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
  proxies: ReadonlyMap<string, TcpProxy>,
): void {
  for (const [name, proxy] of proxies) {
    if (links.get(name)?.from === service && formatAddress(proxy.address) === address) proxy.refused();
  }
}
