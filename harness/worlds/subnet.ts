/**
 * The addresses of a service in a world with natural ports: in a network of its own, which it shares with nobody but the harness.
 *
 *     198.18.N.0/24     .1 harness     .2 the service     .3, .4, … what it takes for its servers: proxies, an address a name
 *
 * A world may put several services into one network; then the next service's addresses follow.
 *
 * 198.18.0.0/15 is for benchmarks (RFC 2544): no network that a service means to reach is there.
 */
import { WorldError } from "../errors.ts";
import type { Link } from "../plan/schema.ts";
import { hostName } from "./links.ts";

/** Subnets of 198.18.0.0/15. */
export const mostSubnets = 512;
/** Of services and names in one: from .2 to .250. */
export const mostAddresses = 249;
const first = 2;

export interface Subnet {
  readonly prefix: string;
  readonly harness: string;
  readonly service: string;
  /** The addresses at which it finds its servers, by host name. */
  readonly names: ReadonlyMap<string, string>;
}

export function prefixOf(number: number): string {
  return `198.${18 + (number >> 8)}.${number & 255}`;
}

/** How many addresses the service takes: its own, and one for each name. */
export function addressesOf(service: string, links: ReadonlyMap<string, Link>): number {
  return 1 + hostsOf(service, links).length;
}

function hostsOf(service: string, links: ReadonlyMap<string, Link>): readonly string[] {
  return [...new Set([...links.values()].filter(({ from }) => from === service).map(hostName))];
}

/**
 * @param taken How many addresses others have in it.
 * @throws {WorldError} if there is no room for all its names, or if two of its links look the same to it.
 */
export function createSubnet(service: string, number: number, links: ReadonlyMap<string, Link>, taken = 0): Subnet {
  const prefix = prefixOf(number);
  const own = [...links.values()].filter(({ from }) => from === service);
  const hosts = hostsOf(service, links);
  if (taken + addressesOf(service, links) > mostAddresses)
    throw new WorldError(`${service} is the client of ${hosts.length} names; ${mostAddresses - 1} are possible`);
  const doors = own.map((link) => `${hostName(link)}:${link.port}`);
  const double = doors.find((door, index) => doors.indexOf(door) !== index);
  if (double !== undefined)
    throw new WorldError(`two links lead ${service} to ${double}: give one of them another name`);
  return {
    prefix,
    harness: `${prefix}.1`,
    service: `${prefix}.${first + taken}`,
    names: new Map(hosts.map((host, index) => [host, `${prefix}.${first + taken + 1 + index}`])),
  };
}
