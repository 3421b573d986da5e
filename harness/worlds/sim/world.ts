/**
 * The simulated world: a machine a service, and one more for the proxies, which is the only way between them.
 *
 *     client 198.18.0.2 ──► proxy 198.18.0.3 │ gate │ 198.18.1.1 ──► server 198.18.1.2
 */
import { posix } from "node:path";
import type { Address } from "../../../host/host.ts";
import { createMachine } from "../../../host/sim/machine.ts";
import { createNetwork } from "../../../host/sim/network.ts";
import type { VirtualTime } from "../../../host/sim/time.ts";
import { uniform } from "../../../faults/random.ts";
import { WorldError } from "../../errors.ts";
import type { Link, Service } from "../../plan/schema.ts";
import type { Capability } from "../capability.ts";
import { namesOf, namesOnLink } from "../identities.ts";
import { namingOf } from "../names.ts";
import { hostName, startLink, type StartedLink } from "../links.ts";
import { carrierOf } from "../transport.ts";
import { required } from "../required.ts";
import { createSubnet, mostSubnets } from "../subnet.ts";
import type { Subnet } from "../subnet.ts";
import type { World, WorldOptions } from "../world.ts";
import type { Programs } from "./programs.ts";
import { createResolverFile } from "./resolver.ts";
import { createSimService } from "./service.ts";
import type { SimService } from "./service.ts";

export interface SimWorldOptions extends WorldOptions {
  readonly time: VirtualTime;
  readonly programs: Programs;
}

/** Commands are what no simulation can have: they are written for a real system. */
export const simCapabilities: ReadonlySet<Capability> = new Set<Capability>([
  "programs",
  "isolation",
  "natural-ports",
  "limits",
  "clock",
  "scaled-time",
  "timekeepers",
]);

/** 2026-01-01, when every simulation begins. */
export const epochMs = 1_767_225_600_000;

/** The only authority that anybody trusts. */
const authority = "sinbin";
/** About what NTP promises on a wide area network (RFC 5905, section 1). */
const mostSkewMs = 20;
/** At the end of a run nobody waits longer for a service to stop by itself. */
const patienceMs = 2000;

export async function startSimWorld(options: SimWorldOptions): Promise<World> {
  const { services, links, inner, seed, time, record, signal } = options;
  signal.throwIfAborted();
  await using starting = new AsyncDisposableStack();
  const network = createNetwork({ time });
  const subnets = subnetsOf(services, links);
  const subnet = (service: string): Subnet => required(subnets, service);
  const gate = createMachine({
    name: "harness",
    time,
    network,
    addresses: [...subnets.values()].flatMap(({ harness, names }) => [harness, ...names.values()]),
    names: { table: new Map(), resolution: () => undefined },
    epochMs,
    upMs: 0,
    onRefused: () => {},
  });
  const host = gate.open({ seed, log: () => {}, identity: { authority, issuer: authority } });
  const proxies = new Map<string, StartedLink>();
  const serverOf = (name: string): Address => {
    const { to, port } = required(links, name);
    return { host: subnet(to).service, port };
  };
  for (const [name, link] of links) {
    const listen = { host: required(subnet(link.from).names, hostName(link)), port: link.port };
    const server = async (): Promise<Address> => serverOf(name);
    const names = namesOnLink(link, links, [subnet(link.to).service]);
    const elsewhere = subnet(link.from).harness;
    const chain = { carrier: carrierOf(link), inner: inner.get(name) ?? [], elsewhere };
    const proxy = await startLink({ name, host, ...chain, listen, server, serverOf, names, record });
    proxies.set(name, starting.use(proxy));
  }

  const running = new Map<string, SimService>();
  starting.defer(() => endAll([...running.values()]));
  for (const [number, [name, service]] of [...services].entries()) {
    const { names: doors, service: address } = subnet(name);
    const { hosts, resolvConf } = namingOf({ service: name, services, links, doors });
    const resolver = createResolverFile(resolvConf);
    const machine = createMachine({
      name,
      time,
      network,
      addresses: [address],
      names: { table: hosts, resolution: () => resolver.resolution() },
      // No two clocks show the same, though all are kept by NTP, and no two machines were switched on at the same moment.
      epochMs: epochMs + Math.round((uniform(seed, ["clock", name]) - 0.5) * 2 * mostSkewMs),
      upMs: (number + 1) * 1_000_000,
      onRefused: (what) => running.get(name)?.refused(what),
    });
    for (const [path, content] of Object.entries(service.files))
      machine.disk.put(inside(name, path), Buffer.from(content));
    running.set(
      name,
      createSimService({
        name,
        service,
        machine,
        program: required(options.programs, service.program ?? ""),
        address,
        identity: { authority, certificate: { authority, names: namesOf(name, links, [address]) } },
        world: options,
        host,
        proxies,
        servers: new Map(
          (service.timekeeper?.servers ?? []).map((link) => {
            const asked = required(links, link);
            return [link, { host: hostName(asked), port: asked.port }];
          }),
        ),
        clockOffset: () => machine.clock.wall() - gate.clock.wall(),
        resolver: resolver.target,
        doorOf: (link) => required(proxies, link).address.host,
      }),
    );
  }

  const started = starting.move();
  return {
    name: "sim",
    capabilities: simCapabilities,
    host,
    services: running,
    links: proxies,
    remains: () => new Map([...running.values()].flatMap((service) => [...service.remains()])),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

function subnetsOf(
  services: ReadonlyMap<string, Service>,
  links: ReadonlyMap<string, Link>,
): ReadonlyMap<string, Subnet> {
  if (services.size > mostSubnets) throw new WorldError(`there is room for ${mostSubnets} services at a time`);
  return new Map([...services.keys()].map((name, number) => [name, createSubnet(name, number, links)]));
}

/** `files` are a plan's: they must not reach beyond the service's directory. */
function inside(service: string, path: string): string {
  const normal = posix.normalize(path);
  if (posix.isAbsolute(normal) || normal.startsWith(".."))
    throw new WorldError(`${service} can't have the file ${path}: write a path within its directory`);
  return normal;
}

async function endAll(services: readonly SimService[]): Promise<void> {
  await Promise.all(services.map((service) => service.end(patienceMs)));
}
