/**
 * How a service finds the names of its links, in a world with natural ports.
 *
 *     no link of proto: dns     all of them in its hosts file, and nobody to ask
 *     some                      a resolv.conf with the doors of these links, in the plan's order; in the hosts file only what these servers do not know
 */
import type { Link, Service } from "../plan/schema.ts";
import { hostName } from "./links.ts";

/** The port that a resolv.conf means (RFC 1035, section 4.2). */
const namesPort = 53;

export interface Naming {
  /** Host name → address. */
  readonly hosts: ReadonlyMap<string, string>;
  /** What resolv.conf(5) says; undefined: there is nobody to ask. */
  readonly resolvConf: string | undefined;
}

export interface NamingOptions {
  readonly service: string;
  readonly services: ReadonlyMap<string, Service>;
  readonly links: ReadonlyMap<string, Link>;
  /** The addresses at which the service finds its servers, by host name. */
  readonly doors: ReadonlyMap<string, string>;
}

export function namingOf({ service, services, links, doors }: NamingOptions): Naming {
  const own = [...links.values()].filter(({ from }) => from === service);
  const asked = own.filter(isAsked);
  if (asked.length === 0) return { hosts: doors, resolvConf: undefined };
  const servers = new Set(asked.map((link) => hostName(link)));
  const known = knownTo(asked, services);
  const isKnown = (host: string): boolean =>
    !servers.has(host) && (known?.some((zone) => host === zone || host.endsWith(`.${zone}`)) ?? true);
  return {
    hosts: new Map([...doors].filter(([host]) => !isKnown(host))),
    resolvConf: writeResolvConf(
      asked.map((link) => doors.get(hostName(link)) ?? ""),
      services.get(service)?.resolver,
    ),
  };
}

/** Whether its client asks there for names. */
export function isAsked({ proto, port }: Pick<Link, "proto" | "port">): boolean {
  return proto === "dns" && port === namesPort;
}

/** The domains that the servers know; undefined if one of them is not ours, so that nobody can tell. */
function knownTo(asked: readonly Link[], services: ReadonlyMap<string, Service>): readonly string[] | undefined {
  const zones = asked.map(({ to }) => services.get(to)?.zones);
  return zones.includes(undefined) ? undefined : zones.flatMap((each) => each ?? []);
}

function writeResolvConf(servers: readonly string[], resolver: Service["resolver"]): string {
  const { timeout, attempts, rotate = false, search = [], ndots } = resolver ?? {};
  const options = [
    ...(timeout === undefined ? [] : [`timeout:${Math.round(timeout / 1000)}`]),
    ...(attempts === undefined ? [] : [`attempts:${attempts}`]),
    ...(ndots === undefined ? [] : [`ndots:${ndots}`]),
    ...(rotate ? ["rotate"] : []),
  ];
  return [
    ...servers.map((server) => `nameserver ${server}`),
    ...(search.length === 0 ? [] : [`search ${search.join(" ")}`]),
    ...(options.length === 0 ? [] : [`options ${options.join(" ")}`]),
    "",
  ].join("\n");
}
