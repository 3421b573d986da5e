/** How the containers of a run are made: the gate, and one a service. */
import { WorldError } from "../../errors.ts";
import type { Link, Service } from "../../plan/schema.ts";
import { hostName } from "../links.ts";
import { argumentsOf } from "../program.ts";
import type { Container, ContainerSpec, Engine, Labels } from "./engine.ts";
import { homeInImage } from "./images.ts";
import type { Images } from "./images.ts";
import type { ServiceNetwork } from "./networks.ts";

/** The user of sinbin's image. */
export const programOwner = 1000;
/** In every container: its directory, and what it is given besides. */
const homeAt = "/service";
const roomAt = "/sinbin";

/** Its volumes, by where they are in the gate. */
export function volumesOf(run: string, service: string): readonly { readonly name: string; readonly at: string }[] {
  return ["home", "room"].map((part) => ({ name: volumeOf(run, service, part), at: `/services/${service}/${part}` }));
}

function volumeOf(run: string, service: string, part: string): string {
  return `sinbin-${run}-${service}-${part}`;
}

export interface GateOptions {
  readonly engine: Engine;
  readonly image: string;
  readonly run: string;
  readonly labels: Labels;
  readonly networks: ReadonlyMap<string, ServiceNetwork>;
}

/** Not yet started. In every network, with every volume, and able to signal what runs there. */
export async function createGateContainer({ engine, image, run, labels, networks }: GateOptions): Promise<Container> {
  const [first, ...others] = networks.values();
  if (first === undefined) throw new WorldError("there is no service to run");
  const gate = await engine.createContainer({
    name: `sinbin-${run}-gate`,
    image,
    labels,
    hostname: "gate",
    entrypoint: ["sleep", "infinity"],
    command: [],
    user: "root",
    directory: "/",
    network: { id: first.id, address: first.harness },
    volumes: [...networks.keys()].flatMap((service) => volumesOf(run, service)),
    seesAllProcesses: true,
    // To take addresses, and to look at foreign processes.
    capabilities: ["NET_ADMIN", "SYS_PTRACE"],
  });
  for (const { id, harness } of others) await gate.connect(id, { address: harness });
  return gate;
}

export interface ServiceContainerOptions {
  readonly name: string;
  readonly service: Service;
  readonly run: string;
  readonly labels: Labels;
  readonly images: Images;
  readonly network: ServiceNetwork;
  readonly links: ReadonlyMap<string, Link>;
  readonly without: readonly string[];
  readonly journalled: boolean;
  readonly seed: number;
}

export async function specOf(options: ServiceContainerOptions): Promise<ContainerSpec> {
  const { name, service, run, labels, network } = options;
  const common = {
    name: `sinbin-${run}-${name}`,
    labels,
    hostname: name.replaceAll("_", "-"),
    network: { id: network.id, address: network.service },
    hosts: network.names,
  };
  const environment = environmentOf(options);
  if (service.program === undefined) throw new WorldError(`${name} is no program`);
  const { image, program } = await options.images.ofProgram(service.program);
  return {
    ...common,
    image,
    entrypoint: ["node", `${homeInImage}/host/start.ts`, program],
    command: argumentsOf(service, options.without),
    directory: homeAt,
    volumes: [
      { name: volumeOf(run, name, "home"), at: homeAt },
      { name: volumeOf(run, name, "room"), at: roomAt },
    ],
    environment: {
      ...environment,
      SINBIN_CONTROL: `${roomAt}/control`,
      SINBIN_SEED_FILE: `${roomAt}/seed`,
      ...(options.journalled && { SINBIN_JOURNAL: `${roomAt}/journal` }),
      ...service.env,
    },
  };
}

function environmentOf({ name, run, links, network, seed }: ServiceContainerOptions): Record<string, string> {
  const own = [...links].filter(([, { from }]) => from === name);
  const doors = own.flatMap(([link, each]) => {
    const prefix = `SINBIN_LINK_${link.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_")}`;
    return [
      [`${prefix}_HOST`, network.names.get(hostName(each)) ?? ""],
      [`${prefix}_PORT`, String(each.port)],
    ];
  });
  return {
    ...Object.fromEntries(doors),
    SINBIN_CA: `${roomAt}/authority.pem`,
    SINBIN_CERT: `${roomAt}/certificate.pem`,
    SINBIN_KEY: `${roomAt}/key.pem`,
    SINBIN_RUN: run,
    SINBIN_SERVICE: name,
    SINBIN_SEED: String(seed),
  };
}
