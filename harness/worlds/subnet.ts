/**
 * The addresses of one service in a world with natural ports: a network of its own, which it shares with nobody but the harness.
 *
 *     198.18.N.0/24     .1 harness     .2 the service     .3, .4, … what it takes for its servers: proxies, an address a name
 *
 * 198.18.0.0/15 is for benchmarks (RFC 2544): no network that a service means to reach is there.
 */
import { WorldError } from "../errors.ts";
import type { Link } from "../plan/schema.ts";
import { hostName } from "./links.ts";

/** Subnets of 198.18.0.0/15. */
export const mostSubnets = 512;
/** From .3 to .250. */
const mostNames = 248;

export interface Subnet {
  readonly prefix: string;
  readonly harness: string;
  readonly service: string;
  /** The addresses at which it finds its servers, by host name. */
  readonly names: ReadonlyMap<string, string>;
}

/** @throws {WorldError} if there is no room for all its names, or if two of its links look the same to it. */
export function createSubnet(service: string, number: number, links: ReadonlyMap<string, Link>): Subnet {
  const prefix = `198.${18 + (number >> 8)}.${number & 255}`;
  const own = [...links.values()].filter(({ from }) => from === service);
  const hosts = [...new Set(own.map(hostName))];
  if (hosts.length > mostNames)
    throw new WorldError(`${service} is the client of ${hosts.length} names; ${mostNames} are possible`);
  const doors = own.map((link) => `${hostName(link)}:${link.port}`);
  const double = doors.find((door, index) => doors.indexOf(door) !== index);
  if (double !== undefined)
    throw new WorldError(`two links lead ${service} to ${double}: give one of them another name`);
  return {
    prefix,
    harness: `${prefix}.1`,
    service: `${prefix}.2`,
    names: new Map(hosts.map((host, index) => [host, `${prefix}.${index + 3}`])),
  };
}
