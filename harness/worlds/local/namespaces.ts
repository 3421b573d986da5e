/**
 * A network namespace a service, each joined to the harness's by a pair of virtual interfaces of its own, and nothing forwarded between them:
 * nothing passes beside the proxies.
 *
 *     client ── eth0 .2 ════ .1 harness   (proxies on .3, .4, …: an address a name)   .1 ════ eth0 .2 ── server
 *               198.18.0.0/24                                                         198.18.1.0/24
 */
import { execFile } from "node:child_process";
import { statSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { codeOf } from "../../../host/error-code.ts";
import type { Address } from "../../../host/host.ts";
import { WorldError } from "../../errors.ts";
import { caller } from "./isolate.ts";
import { hostName } from "../links.ts";
import { namingOf } from "../names.ts";
import type { Naming } from "../names.ts";
import { createResolverTarget } from "../resolver.ts";
import { createSubnet, mostSubnets } from "../subnet.ts";
import type { Subnet } from "../subnet.ts";
import { capabilitiesOf } from "./layout.ts";
import type { Layout, LayoutOptions } from "./layout.ts";
import { createWire } from "./wire/wire.ts";
import type { Wire } from "./wire/wire.ts";

interface Place extends Subnet {
  /** Also the name of its namespace and of the harness's interface to it. */
  readonly device: string;
  readonly etc: string;
  readonly naming: Naming;
}

export async function startNamespaces({ services, links }: LayoutOptions): Promise<Layout> {
  await using starting = new AsyncDisposableStack();
  // The world's own /run, which ends with the namespaces.
  const scratch = await mkdtemp("/run/sinbin-");
  starting.defer(() => rm(scratch, { recursive: true, force: true }));

  const places = new Map<string, Place>();
  for (const service of services.keys()) {
    const subnet = await claimSubnet();
    starting.defer(() => rm(claimPath(subnet), { recursive: true }));
    places.set(service, createPlace(service, subnet, { services, links }, scratch));
  }
  // The interface goes at once, so that its name is free again; a namespace alone would take it along in its own time.
  const removals = (): readonly string[] =>
    [...places.values()].flatMap(({ device }) => [`link delete ${device}`, `netns delete ${device}`]);
  starting.defer(() => ip([], removals(), { force: true }));
  await build([...places.values()]);
  const wires = new Map<string, Wire>();
  starting.defer(async () => void (await Promise.all([...wires.values()].map((wire) => wire[Symbol.asyncDispose]()))));
  const homes = new Set([...places.values()].map(({ device }) => namespaceAt(`/run/netns/${device}`)));

  const place = (service: string): Place => {
    const found = places.get(service);
    if (found === undefined) throw new Error(`there is no service called ${service}`);
    return found;
  };
  const started = starting.move();
  const script = fileURLToPath(new URL("isolation/service.sh", import.meta.url));
  const { uid, gid } = caller();
  return {
    capabilities: capabilitiesOf({ isolated: true }),
    scratch,
    doorOf(name) {
      const link = links.get(name);
      const host = link && place(link.from).names.get(hostName(link));
      if (link === undefined || host === undefined) throw new Error(`there is no link called ${name}`);
      return { host, port: link.port };
    },
    elsewhereOf: (name) => place(links.get(name)?.from ?? "").harness,
    addressOf: (service, port): Address => ({ host: place(service).service, port }),
    aliasesOf: (service) => [place(service).service],
    besideOf: (service) => place(service).harness,
    namesFor: (service) =>
      place(service).naming.resolvConf === undefined ? {} : { SINBIN_RESOLV_CONF: "/etc/resolv.conf" },
    resolverOf(service) {
      const { etc, naming } = place(service);
      if (naming.resolvConf === undefined) return undefined;
      return createResolverTarget(naming.resolvConf, (content) => writeFile(join(etc, "resolv.conf"), content));
    },
    enter(service, command) {
      const { device, etc } = place(service);
      const network = `--net=/run/netns/${device}`;
      return ["nsenter", network, "unshare", "--mount", "sh", script, etc, uid, gid, ...command];
    },
    befallOf(name) {
      const { device, service } = place(name);
      const wire = wires.get(device) ?? createWire(device);
      wires.set(device, wire);
      return (fate, onFirst) => wire.befall({ ...fate, service }, onFirst);
    },
    listening: () => {},
    ended: () => {},
    houses: (pid) => homes.has(namespaceAt(`/proc/${pid}/ns/net`)),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

function createPlace(
  service: string,
  number: number,
  { services, links }: Pick<LayoutOptions, "services" | "links">,
  scratch: string,
): Place {
  const subnet = createSubnet(service, number, links);
  return {
    ...subnet,
    naming: namingOf({ service, services, links, doors: subnet.names }),
    device: `sinbin-${number}`,
    etc: join(scratch, `etc-${service}`),
  };
}

/** Creating a directory succeeds for one only. */
async function claimSubnet(): Promise<number> {
  await mkdir("/run/sinbin-subnets", { recursive: true });
  for (let subnet = 0; subnet < mostSubnets; subnet++) {
    try {
      await mkdir(claimPath(subnet));
      return subnet;
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
    }
  }
  throw new WorldError(`there is room for ${mostSubnets} services at a time`);
}

function claimPath(subnet: number): string {
  return `/run/sinbin-subnets/${subnet}`;
}

async function build(places: readonly Place[]): Promise<void> {
  await ip(
    [],
    places.flatMap(({ device, harness, names }) => [
      `netns add ${device}`,
      `link add ${device} type veth peer name eth0 netns ${device}`,
      ...[harness, ...names.values()].map((address) => `address add ${address}/24 dev ${device}`),
      `link set ${device} addrgenmode none up`,
    ]),
  );
  await Promise.all(
    places.map(async ({ device, service: own, naming: { hosts, resolvConf }, etc }) => {
      await ip(
        ["-n", device],
        ["link set lo up", `address add ${own}/24 dev eth0`, "link set eth0 addrgenmode none up"],
      );
      await mkdir(etc);
      const lines = ["127.0.0.1 localhost", ...[...hosts].map(([host, address]) => `${address} ${host}`)];
      await writeFile(join(etc, "hosts"), `${lines.join("\n")}\n`);
      // Nothing answers there.
      await writeFile(join(etc, "resolv.conf"), resolvConf ?? "nameserver 127.0.0.1\n");
      await writeFile(join(etc, "nsswitch.conf"), `hosts: files${resolvConf === undefined ? "" : " dns"}\n`);
    }),
  );
}

/** Many commands in one process: each process costs more than all that it does. */
async function ip(options: readonly string[], lines: readonly string[], { force = false } = {}): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const child = execFile(
      "ip",
      [...options, ...(force ? ["-force"] : []), "-batch", "-"],
      (error, _output, complaint) => {
        if (error === null || force) resolve();
        else reject(new WorldError(`a network namespace can't be made: ${complaint.trim()}`, { cause: error }));
      },
    );
    child.stdin?.end(`${lines.join("\n")}\n`);
  });
}

/** A name under /run/netns is a mount of the namespace itself, as is what the links of a process lead to. */
function namespaceAt(path: string): number | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })?.ino;
  } catch {
    // A process that may not be looked at is somebody else's.
    return undefined;
  }
}
