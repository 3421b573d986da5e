/**
 * What a run has at the engine: networks, volumes, the container of the gate and one for each service, none of them started. It is cleared away by the label of
 * the run, not piece by piece.
 */
import type { Link, Service } from "../../plan/schema.ts";
import { isImage } from "../../plan/kind.ts";
import { archiveTexts } from "./archive.ts";
import { createGateContainer, specOf, volumesOf } from "./containers.ts";
import type { Container, Engine, Labels } from "./engine.ts";
import type { Images } from "./images.ts";
import { createNetworks, createSharedNetworks } from "./networks.ts";
import type { ServiceNetwork } from "./networks.ts";
import { required } from "../required.ts";
import { forEach, together } from "./together.ts";

export interface SiteOptions {
  readonly engine: Engine;
  readonly images: Images;
  readonly run: string;
  readonly labels: Labels;
  readonly services: ReadonlyMap<string, Service>;
  readonly links: ReadonlyMap<string, Link>;
  readonly without: ReadonlyMap<string, readonly string[]>;
  /** Services whose hosts write down what they do to their disks. */
  readonly journalled: (service: string) => boolean;
  /** Of the first life of a service. */
  readonly seed: (service: string) => number;
  readonly signal: AbortSignal;
}

export interface Site {
  readonly networks: ReadonlyMap<string, ServiceNetwork>;
  readonly gate: Container;
  /** Resolves later than the gate: whoever starts that need not wait. */
  readonly containers: Promise<ReadonlyMap<string, Container>>;
}

export async function createSite(options: SiteOptions): Promise<Site> {
  const { engine, images, run, labels, services, links, signal } = options;
  const volumes = [...services].flatMap(([name, service]) => volumesOf(run, name, service));
  const [own, networks, shared] = await together(
    images.own(),
    createNetworks({ engine, run, labels, services, links }),
    createSharedNetworks({ engine, run, labels, services }),
    ...volumes.map(({ name, size }) => engine.createVolume({ name, labels, size })),
  );
  signal.throwIfAborted();
  const gate = await createGateContainer({ engine, image: own, run, labels, services, networks });
  signal.throwIfAborted();
  const containers = forEach(services, async (name, service) => {
    const spec = await specOf({
      name,
      service,
      run,
      labels,
      images,
      network: required(networks, name),
      links,
      without: options.without.get(name) ?? [],
      journalled: options.journalled(name),
      seed: options.seed(name),
    });
    const container = await engine.createContainer(spec);
    // Those of a program are in a volume, which the gate prepares.
    if (isImage(service)) await container.unpack(archiveTexts(service.files), "/");
    for (const network of service.networks ?? []) await container.connect(required(shared, network), { names: [name] });
    return container;
  });
  // Whoever waits for it hears of it.
  containers.catch(() => {});
  return { networks, gate, containers };
}
