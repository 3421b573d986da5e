/** How the containers of a run are made: the gate, and one a service. */
import { WorldError } from "../../errors.ts";
import type { Link, Service } from "../../plan/schema.ts";
import { isImage } from "../../plan/kind.ts";
import { hostName, linkVariables } from "../links.ts";
import { namingOf } from "../names.ts";
import { required } from "../required.ts";
import { argumentsOf } from "../program.ts";
import { clockLibraryFile, clockPage } from "./gate/directories.ts";
import type { Container, ContainerLimits, ContainerSpec, Engine, Labels } from "./engine.ts";
import { homeInImage } from "./images.ts";
import type { Images } from "./images.ts";
import type { ServiceNetwork } from "./networks.ts";

/** The user of sinbin's image. */
export const programOwner = 1000;
/** In every container: its directory, and what it is given besides. */
const homeAt = "/service";
const roomAt = "/sinbin";
/** In the room, and where programs look for it. */
const resolvConfFile = "resolv.conf";
const resolvConfAt = "/etc/resolv.conf";

export interface ServiceVolume {
  readonly name: string;
  readonly inGate: string;
  readonly inService: string;
  /** The most that fits in, in bytes. */
  readonly size?: number | undefined;
}

/** Its directory and its room; of an image, the volumes that the plan names lie in the gate as they do in the image. */
export function volumesOf(run: string, name: string, service: Service): readonly ServiceVolume[] {
  const homes = isImage(service)
    ? (service.volumes ?? []).map((at, index) => ({
        part: `volume-${index}`,
        inGate: `home${at}`,
        inService: at,
        size: service.limits?.disk,
      }))
    : [{ part: "home", inGate: "home", inService: homeAt }];
  return [...homes, { part: "room", inGate: "room", inService: roomAt }].map(({ part, inGate, ...rest }) => ({
    name: `sinbin-${run}-${name}-${part}`,
    inGate: `/services/${name}/${inGate}`,
    ...rest,
  }));
}

export interface GateOptions {
  readonly engine: Engine;
  readonly image: string;
  readonly run: string;
  readonly labels: Labels;
  readonly services: ReadonlyMap<string, Service>;
  /** Which it is in from the start. */
  readonly network: ServiceNetwork;
}

/** Not yet started. With every volume, and able to signal what runs there. */
export async function createGateContainer({
  engine,
  image,
  run,
  labels,
  services,
  network,
}: GateOptions): Promise<Container> {
  const ports = new Map(
    [...services.values()].flatMap(({ ports: own = [] }) =>
      own.map(({ published }) => [published, published] as const),
    ),
  );
  const gate = await engine.createContainer({
    name: `sinbin-${run}-gate`,
    image,
    labels,
    hostname: "gate",
    entrypoint: ["sleep", "infinity"],
    command: [],
    user: "root",
    directory: "/",
    network: { id: network.id, address: network.harness },
    volumes: [...services].flatMap(([name, service]) =>
      volumesOf(run, name, service).map(({ name: volume, inGate }) => ({ name: volume, at: inGate })),
    ),
    seesAllProcesses: true,
    ports,
    // To take addresses, and to look at foreign processes.
    capabilities: ["NET_ADMIN", "SYS_PTRACE"],
    // Packets of a service also come over another wire (see worlds/local/wire).
    kernelSettings: { "net.ipv4.conf.all.rp_filter": "0", "net.ipv4.conf.default.rp_filter": "0" },
  });
  if (ports.size > 0) await gate.connect("bridge", {});
  return gate;
}

export interface ServiceContainerOptions {
  readonly name: string;
  readonly service: Service;
  readonly run: string;
  readonly labels: Labels;
  readonly images: Images;
  readonly network: ServiceNetwork;
  readonly services: ReadonlyMap<string, Service>;
  readonly links: ReadonlyMap<string, Link>;
  /** Of a volume, on the engine's machine. */
  readonly folderOf: (volume: string) => Promise<string>;
  /** Where the client of a link that the service is told of finds its server. */
  readonly doorOf: (link: string) => string;
  readonly without: readonly string[];
  readonly journalled: boolean;
  /** Whether it has a virtual clock. */
  readonly hasClock: boolean;
  readonly seed: number;
}

export async function specOf(options: ServiceContainerOptions): Promise<ContainerSpec> {
  const { name, service, services, links, run, labels, network } = options;
  const limits = limitsOf(service);
  const common = {
    name: `sinbin-${run}-${name}`,
    labels,
    hostname: name.replaceAll("_", "-"),
    network: { id: network.id, address: network.service },
    hosts: namingOf({ service: name, services, links, doors: network.names }).hosts,
    nameServer: network.harness,
    ...(limits !== undefined && { limits }),
  };
  const environment = environmentOf(options);
  if (service.program === undefined) return { ...common, ...(await foreign(options, environment)) };
  const { image, program } = await options.images.ofProgram(service.program);
  return {
    ...common,
    image,
    entrypoint: ["node", `${homeInImage}/host/start.ts`, program],
    command: argumentsOf(service, options),
    directory: homeAt,
    volumes: await mountsOf(options),
    environment: withClock(options, {
      ...environment,
      SINBIN_CONTROL: `${roomAt}/control`,
      SINBIN_SEED_FILE: `${roomAt}/seed`,
      ...(namingOf({ service: name, services, links, doors: network.names }).resolvConf !== undefined && {
        SINBIN_RESOLV_CONF: resolvConfAt,
      }),
      ...(options.journalled && { SINBIN_JOURNAL: `${roomAt}/journal` }),
      ...service.env,
    }),
  };
}

/** With the library in front of the C library of all its processes, whatever else is there. Docker's init is linked statically, and has none. */
function withClock({ hasClock }: ServiceContainerOptions, environment: Record<string, string>): Record<string, string> {
  if (!hasClock) return environment;
  const { LD_PRELOAD: others = "" } = environment;
  return {
    ...environment,
    LD_PRELOAD: [`${roomAt}/${clockLibraryFile}`, others].filter((each) => each !== "").join(":"),
    SINBIN_CLOCK: `${roomAt}/${clockPage}`,
    // That init's, whose child the main process is.
    SINBIN_CLOCK_PARENT: "1",
  };
}

/** Its own way to start, unless the plan has another command. */
async function foreign(
  options: ServiceContainerOptions,
  environment: Record<string, string>,
): Promise<Pick<ContainerSpec, "image" | "command" | "user" | "volumes" | "environment">> {
  const { name, service, images } = options;
  const { name: image, command, hasHealthCheck, environment: own } = await images.foreign(service);
  if (service.ready?.healthy === true && !hasHealthCheck)
    throw new WorldError(
      `${name} has to be healthy, and its image ${image} has no HEALTHCHECK: write ready: { port: … }`,
    );
  return {
    image,
    command: [...(service.command ?? command), ...argumentsOf(service, options)],
    user: service.user,
    volumes: await mountsOf(options),
    environment: withClock(options, {
      // What an image puts before its C library stays there.
      ...(own["LD_PRELOAD"] !== undefined && { LD_PRELOAD: own["LD_PRELOAD"] }),
      ...environment,
      ...service.env,
    }),
  };
}

/** Its volumes; and whom it asks for names is in a file of its room, in place of Docker's, which would put 127.0.0.11 before them. */
async function mountsOf({ name, service, services, links, run, network, folderOf }: ServiceContainerOptions) {
  const volumes = volumesOf(run, name, service);
  const mounts = volumes.map(({ name: volume, inService }) => ({ name: volume, at: inService }));
  const room = volumes.find(({ inService }) => inService === roomAt);
  const { resolvConf } = namingOf({ service: name, services, links, doors: network.names });
  if (resolvConf === undefined || room === undefined) return mounts;
  return [...mounts, { name: `${await folderOf(room.name)}/${resolvConfFile}`, at: resolvConfAt }];
}

type Placed = Pick<ServiceContainerOptions, "name" | "service" | "services" | "links" | "run" | "network">;

/** What has to be in its room before its container is made, by paths of the gate. */
export function roomFilesOf({
  name,
  service,
  services,
  links,
  run,
  network,
}: Placed): Readonly<Record<string, string>> | undefined {
  const { resolvConf } = namingOf({ service: name, services, links, doors: network.names });
  const room = volumesOf(run, name, service).find(({ inService }) => inService === roomAt);
  return resolvConf === undefined || room === undefined
    ? undefined
    : { [`${room.inGate}/${resolvConfFile}`]: resolvConf };
}

export function limitsOf({ limits }: Service): ContainerLimits | undefined {
  if (limits === undefined) return undefined;
  const { memory, cpus, processes, open_files: openFiles } = limits;
  return { memory, cpus, processes, openFiles };
}

function environmentOf({ name, run, links, network, seed }: ServiceContainerOptions): Record<string, string> {
  return {
    ...linkVariables(name, links, (_name, link) => ({
      host: required(network.names, hostName(link)),
      port: link.port,
    })),
    SINBIN_CA: `${roomAt}/authority.pem`,
    SINBIN_CERT: `${roomAt}/certificate.pem`,
    SINBIN_KEY: `${roomAt}/key.pem`,
    SINBIN_RUN: run,
    SINBIN_SERVICE: name,
    SINBIN_SEED: String(seed),
  };
}
