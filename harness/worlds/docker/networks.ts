/**
 * The networks of a run: one for each service, which it shares with the gate alone, and which leads nowhere else. So nothing passes beside the proxies, not even
 * between two clients, and each may know other servers by the same name.
 *
 *     client 198.18.7.2 ── 198.18.7.0/24 ── gate .1, .3 (a name of the client's), … │ gate 198.18.8.1 ── 198.18.8.0/24 ── server 198.18.8.2
 */
import { createHash } from "node:crypto";
import { WorldError } from "../../errors.ts";
import type { Link, Service } from "../../plan/schema.ts";
import { createSubnet, mostSubnets } from "../subnet.ts";
import type { Subnet } from "../subnet.ts";
import type { Engine, Labels } from "./engine.ts";
import { forEach } from "./together.ts";

export interface ServiceNetwork extends Subnet {
  readonly id: string;
}

export interface NetworksOptions {
  readonly engine: Engine;
  readonly run: string;
  readonly labels: Labels;
  readonly services: ReadonlyMap<string, Service>;
  readonly links: ReadonlyMap<string, Link>;
}

/** Each as soon as it is there. @throws {WorldError} if there are too many services; each rejects with one if all subnets are taken. */
export function createNetworks(options: NetworksOptions): ReadonlyMap<string, Promise<ServiceNetwork>> {
  if (options.services.size > mostSubnets) throw new WorldError(`there is room for ${mostSubnets} services at a time`);
  // Runs at the same time begin to look in other places.
  const first = createHash("sha256").update(options.run).digest().readUInt16BE(0) % mostSubnets;
  let next = first;
  const claim = (): number => next++;
  return new Map([...options.services.keys()].map((name) => [name, createOne(name, claim, first, options)]));
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
  service: string,
  claim: () => number,
  first: number,
  { engine, run, labels, links }: NetworksOptions,
): Promise<ServiceNetwork> {
  for (let number = claim(); number < first + mostSubnets; number = claim()) {
    const subnet = createSubnet(service, number % mostSubnets, links);
    try {
      const id = await engine.createNetwork({
        name: `sinbin-${run}-${service}`,
        labels,
        internal: true,
        subnet: { range: `${subnet.prefix}.0/24`, gateway: `${subnet.prefix}.254` },
      });
      return { ...subnet, id };
    } catch (error) {
      // Somebody else's network is there.
      if (!(error instanceof WorldError && /overlap/i.test(error.message))) throw error;
    }
  }
  throw new WorldError(`all ${mostSubnets} networks of 198.18.0.0/15 are taken at this engine: see "sinbin reap"`);
}
