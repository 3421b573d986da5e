/**
 * The networks of a run: one for each service, which it shares with the gate and with others of its kind alone, and which leads nowhere else. So nothing passes
 * beside the proxies, not even between two clients that are not the same, and each may know other servers by the same name.
 *
 *     client 198.18.7.2 ── 198.18.7.0/24 ── gate .1, .3 (a name of the client's), … │ gate 198.18.8.1 ── 198.18.8.0/24 ── server 198.18.8.2
 */
import { createHash } from "node:crypto";
import { WorldError } from "../../errors.ts";
import type { Link, Service } from "../../plan/schema.ts";
import { addressesOf, createSubnet, mostAddresses, mostSubnets, prefixOf } from "../subnet.ts";
import type { Subnet } from "../subnet.ts";
import type { Engine, Labels } from "./engine.ts";
import { required } from "../required.ts";
import { forEach } from "./together.ts";

export interface ServiceNetwork extends Subnet {
  /** Others of its kind may be in the same. */
  readonly id: string;
}

export interface NetworksOptions {
  readonly engine: Engine;
  readonly run: string;
  readonly labels: Labels;
  readonly services: ReadonlyMap<string, Service>;
  readonly links: ReadonlyMap<string, Link>;
}

/** By service, each as soon as it is there. @throws {WorldError} if there are too many; each rejects with one if all subnets are taken. */
export function createNetworks(options: NetworksOptions): ReadonlyMap<string, Promise<ServiceNetwork>> {
  const groups = groupsOf(options.services, options.links);
  if (groups.length > mostSubnets) throw new WorldError(`there is room for ${mostSubnets} services at a time`);
  // Runs at the same time begin to look in other places.
  const first = createHash("sha256").update(options.run).digest().readUInt16BE(0) % mostSubnets;
  let next = first;
  const claim = (): number => next++;
  const made = groups.map((members) => {
    const one = createOne(members, claim, first, options);
    return members.map((name) => [name, one.then((networks) => required(networks, name))] as const);
  });
  return new Map(made.flat());
}

/**
 * Services that are the same, such as copies of one, share a network: an engine makes and removes networks one after the other, a quarter of a second each.
 * But not if one of them is a server of another: then it could be reached beside its proxy.
 */
function groupsOf(
  services: ReadonlyMap<string, Service>,
  links: ReadonlyMap<string, Link>,
): readonly (readonly string[])[] {
  const kinds = Map.groupBy(services.keys(), (name) => {
    const { ports: _ports, ...kind } = required(services, name);
    return JSON.stringify(kind);
  });
  return [...kinds.values()].flatMap((members) => {
    const isLinked = [...links.values()].some(({ from, to }) => members.includes(from) && members.includes(to));
    return isLinked ? members.map((name) => [name]) : fitting(members, links);
  });
}

/** As many to a network as have room in it. */
function fitting(members: readonly string[], links: ReadonlyMap<string, Link>): readonly (readonly string[])[] {
  const groups: string[][] = [];
  let room = 0;
  for (const name of members) {
    const needed = addressesOf(name, links);
    if (needed > room) {
      groups.push([]);
      room = mostAddresses;
    }
    groups.at(-1)?.push(name);
    room -= needed;
  }
  return groups;
}

/** Those that several services are in, by the names that the plan has for them. They lead nowhere else either. */
export function createSharedNetworks({
  engine,
  run,
  labels,
  services,
}: Omit<NetworksOptions, "links">): Promise<ReadonlyMap<string, string>> {
  const names = [...services.values()].flatMap(({ networks = [] }) => networks);
  return forEach(new Map(names.map((name) => [name, name])), (name) =>
    engine.createNetwork({ name: `sinbin-${run}-shared-${name}`, labels, internal: true }),
  );
}

/** @throws {WorldError} if all are taken. */
async function createOne(
  members: readonly string[],
  claim: () => number,
  first: number,
  { engine, run, labels, links }: NetworksOptions,
): Promise<ReadonlyMap<string, ServiceNetwork>> {
  const [named = ""] = members;
  for (let number = claim(); number < first + mostSubnets; number = claim()) {
    let taken = 0;
    const subnets = members.map((name) => {
      const subnet = createSubnet(name, number % mostSubnets, links, taken);
      taken += addressesOf(name, links);
      return [name, subnet] as const;
    });
    const prefix = prefixOf(number % mostSubnets);
    try {
      const id = await engine.createNetwork({
        name: `sinbin-${run}-${named}`,
        labels,
        internal: true,
        subnet: { range: `${prefix}.0/24`, gateway: `${prefix}.254` },
      });
      return new Map(subnets.map(([name, subnet]) => [name, { ...subnet, id }]));
    } catch (error) {
      // Somebody else's network is there.
      if (!(error instanceof WorldError && /overlap/i.test(error.message))) throw error;
    }
  }
  throw new WorldError(`all ${mostSubnets} networks of 198.18.0.0/15 are taken at this engine: see "sinbin reap"`);
}
