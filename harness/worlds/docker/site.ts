/**
 * What a run has at the engine: networks, volumes, the container of the gate, which is up as soon as it is in one of them, and one for each service, not started
 * yet. It is cleared away by the label of the run, not piece by piece.
 */
import type { Link, Service } from "../../plan/schema.ts";
import { isImage } from "../../plan/kind.ts";
import { WorldError } from "../../errors.ts";
import { archiveTexts } from "./archive.ts";
import { createGateContainer, roomFilesOf, specOf, volumesOf } from "./containers.ts";
import type { Container, Engine, Labels } from "./engine.ts";
import type { Images } from "./images.ts";
import { createNetworks, createSharedNetworks } from "./networks.ts";
import type { ServiceNetwork } from "./networks.ts";
import { hostName } from "../links.ts";
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
  /** Services that have virtual clocks. */
  readonly clocks: ReadonlySet<string>;
  /** Of the first life of a service. */
  readonly seed: (service: string) => number;
  readonly signal: AbortSignal;
}

/** Disposing waits for what is still being made. */
export interface Site extends AsyncDisposable {
  readonly gate: Container;
  /** Takes the gate into all of them. An engine does nothing else with a container meanwhile, so that what runs in it is better started before. */
  join(): Promise<ReadonlyMap<string, ServiceNetwork>>;
  /** Resolves with those of the services. */
  readonly containers: Promise<ReadonlyMap<string, Container>>;
}

export async function createSite(options: SiteOptions): Promise<Site> {
  const { engine, images, run, labels, services, links, signal } = options;
  const volumes = [...services].flatMap(([name, service]) => volumesOf(run, name, service));
  const networks = createNetworks({ engine, run, labels, services, links });
  const shared = createSharedNetworks({ engine, run, labels, services });
  await using making = new AsyncDisposableStack();
  const underWay = (...work: readonly Promise<unknown>[]): void => {
    // Listened to from now on: whoever waits for one hears of its failure, and it may fail before.
    const settled = Promise.allSettled(work);
    making.defer(async () => void (await settled));
  };
  underWay(...networks.values(), shared);
  const [network] = networks.values();
  if (network === undefined) throw new WorldError("there is no service to run");
  const [image, first] = await together(
    images.own(),
    network,
    ...volumes.map(({ name, size }) => engine.createVolume({ name, labels, size })),
  );
  signal.throwIfAborted();
  const gate = await createGateContainer({ engine, image, run, labels, services, network: first });
  signal.throwIfAborted();
  await gate.start();
  const containers = forEach(services, async (name, service) => {
    const doors = new Map<string, string>();
    for (const told of service.told ?? []) {
      const link = required(links, told);
      doors.set(told, required((await required(networks, link.from)).names, hostName(link)));
    }
    const spec = await specOf({
      name,
      service,
      run,
      labels,
      images,
      network: await required(networks, name),
      services,
      links,
      folderOf: (volume) => engine.folderOf(volume),
      doorOf: (link) => required(doors, link),
      without: options.without.get(name) ?? [],
      journalled: options.journalled(name),
      hasClock: options.clocks.has(name),
      seed: options.seed(name),
    });
    // What is mounted has to be there first.
    const files = roomFilesOf({ name, service, services, links, run, network: await required(networks, name) });
    if (files !== undefined) await gate.unpack(archiveTexts(files), "/");
    const container = await engine.createContainer(spec);
    // Those of a program are in a volume, which the gate prepares.
    if (isImage(service)) await container.unpack(archiveTexts(service.files), "/");
    for (const each of service.networks ?? []) await container.connect(required(await shared, each), { names: [name] });
    return container;
  });
  underWay(containers);
  const made = making.move();
  return {
    gate,
    join() {
      const joining = new Map([[first.id, Promise.resolve()]]);
      return forEach(networks, async (_name, each) => {
        const network = await each;
        const joined = joining.get(network.id) ?? gate.connect(network.id, { address: network.harness });
        joining.set(network.id, joined);
        await joined;
        return network;
      });
    },
    containers,
    [Symbol.asyncDispose]: () => made.disposeAsync(),
  };
}
