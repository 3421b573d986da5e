/**
 * The docker world: services are containers, and one more, the gate, is the only way between them. The harness stays outside and speaks to the engine and
 * to the gate alone, so that the engine may be anywhere.
 *
 *     harness ── standard input and output of an exec ──► gate (proxies, signals, volumes) ── a network each ──► services
 *
 * Whatever is made carries the run's label; it is removed at the end, and by the reaper if the harness is killed.
 */
import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import { debuglog } from "node:util";
import type { Host } from "../../../host/host.ts";
import { createRealHost } from "../../../host/real.ts";
import { WorldError } from "../../errors.ts";
import { isImage } from "../../plan/kind.ts";
import type { Service } from "../../plan/schema.ts";
import type { Capability } from "../capability.ts";
import { hear } from "../hear.ts";
import { createIdentities } from "../identities.ts";
import type { Identities } from "../identities.ts";
import { seedOf } from "../life.ts";
import { hostName } from "../links.ts";
import type { StartedLink } from "../links.ts";
import { createLogFile } from "../local/log-file.ts";
import type { SupervisedService } from "../service.ts";
import type { World, WorldOptions } from "../world.ts";
import { removeRun } from "./cleanup.ts";
import { archiveOf, createGateContainer, programOwner, specOf, volumesOf } from "./containers.ts";
import type { Container, Engine, Labels } from "./engine.ts";
import { startGate } from "./gate-client.ts";
import type { GateClient } from "./gate-client.ts";
import type { Images } from "./images.ts";
import { labelsOf } from "./labels.ts";
import { startRemoteLink } from "./links.ts";
import { createLoad } from "./load.ts";
import { throughGate } from "./network.ts";
import { createNetworks } from "./networks.ts";
import type { ServiceNetwork } from "./networks.ts";
import { startReaper } from "./reaper-process.ts";
import { keepFiles } from "./remains.ts";
import { createContainerService } from "./service.ts";

export interface DockerWorldOptions extends WorldOptions {
  readonly engine: Engine;
  readonly images: Images;
}

export const dockerCapabilities: ReadonlySet<Capability> = new Set<Capability>([
  "programs",
  "isolation",
  "natural-ports",
  "limits",
  "images",
  "memory",
  "cables",
  "packets",
]);

/** At the end of a run nobody waits longer for a service to stop by itself. */
const patienceMs = 2000;
const debug = debuglog("sinbin-world");

export async function startDockerWorld(options: DockerWorldOptions): Promise<World> {
  const { services, links, engine, images, seed, signal, directory } = options;
  signal.throwIfAborted();
  await mkdir(directory, { recursive: true });
  const own = await images.own();
  await using starting = new AsyncDisposableStack();
  const run = randomUUID().slice(0, 8);
  const labels = labelsOf(run);
  starting.use(await startReaper(run));
  starting.defer(() => clear(engine, run));

  const networks = await createNetworks({ engine, run, labels, services, links });
  const volumes = [...services].flatMap(([name, service]) => volumesOf(run, name, service));
  await Promise.all(volumes.map(({ name }) => engine.createVolume({ name, labels })));
  signal.throwIfAborted();
  const gateContainer = await createGateContainer({ engine, image: own, run, labels, services, networks });
  await gateContainer.start();
  const plain = createRealHost({
    name: "harness",
    directory,
    seed,
    log: (event, fields) => debug("%s %j", event, fields),
  });
  const gate = starting.use(await startGate(gateContainer, run, plain));
  signal.throwIfAborted();

  const aliasesOf = (service: string): readonly string[] => [required(networks, service).service];
  const [proxies, identities] = await Promise.all([
    startLinks(options, networks, gate),
    createIdentities({ services, links, aliasesOf }),
  ]);
  const logs = starting.use(new DisposableStack());
  const host = throughGate(plain, gate);
  await publish(options, gateContainer, { networks, gate });
  const shared = await createShared(options, run, labels);
  const context: Context = { shared, options, run, labels, own, networks, gate, host, proxies, identities, logs };
  const running = new Map<string, SupervisedService>();
  starting.defer(() => endAll(running, context));
  await Promise.all(
    [...services].map(async ([name, service]) => void running.set(name, await prepareService(name, service, context))),
  );
  signal.throwIfAborted();

  const started = starting.move();
  const broken = Promise.race([engine.dead, gate.gone]);
  broken.catch(() => {});
  return {
    name: "docker",
    capabilities: dockerCapabilities,
    host,
    services: new Map([...services.keys()].map((name) => [name, required(running, name)])),
    links: proxies,
    broken,
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

interface Context {
  /** Networks that several services are in. */
  readonly shared: ReadonlyMap<string, string>;
  readonly options: DockerWorldOptions;
  readonly run: string;
  readonly labels: Labels;
  /** sinbin's own image. */
  readonly own: string;
  readonly networks: ReadonlyMap<string, ServiceNetwork>;
  readonly gate: GateClient;
  readonly host: Host;
  readonly proxies: ReadonlyMap<string, StartedLink>;
  readonly identities: Identities;
  /** Closed after the last service has ended. */
  readonly logs: DisposableStack;
}

async function startLinks(
  { links, record }: DockerWorldOptions,
  networks: ReadonlyMap<string, ServiceNetwork>,
  gate: GateClient,
): Promise<ReadonlyMap<string, StartedLink>> {
  const taken = [...networks.values()].flatMap(({ harness, names }) =>
    [...names.values()].map((address) => ({ beside: harness, address })),
  );
  await gate.ask("addresses.take", taken);
  const started = [...links].map(async ([name, link]) => {
    const door = required(required(networks, link.from).names, hostName(link));
    const listen = { host: door, port: link.port };
    const server = { host: required(networks, link.to).service, port: link.port };
    return [name, await startRemoteLink({ name, gate, listen, server, record })] as const;
  });
  return new Map(await Promise.all(started));
}

async function prepareService(name: string, service: Service, context: Context): Promise<SupervisedService> {
  const { options, run, labels, own, networks, gate, host, proxies, identities } = context;
  const { engine, images, links, record, seed, signal } = options;
  const network = required(networks, name);
  const journalled = options.journalled.has(name) && service.program !== undefined;
  const { certificate, key } = required(identities.issued, name);
  await gate.ask("service.prepare", {
    service: name,
    owner: isImage(service) ? 0 : programOwner,
    // Those of an image are not in a volume.
    files: isImage(service) ? [] : encoded(service.files),
    secrets: encoded({
      "authority.pem": identities.authority,
      "certificate.pem": certificate,
      "key.pem": key,
    }),
    journalled,
    remembers: options.journalled.has(name),
  });
  const container = await engine.createContainer(
    await specOf({
      name,
      service,
      run,
      labels,
      images,
      network,
      links,
      without: options.without.get(name) ?? [],
      journalled,
      seed: seedOf(seed, name, 0),
    }),
  );
  await equip(name, service, container, context);
  const log = context.logs.use(
    createLogFile({
      path: `${resolve(options.directory, name)}.log`,
      onTrouble: ({ message }) =>
        record({ event: "run.trouble", reason: `what ${name} writes can't be kept: ${message}` }),
    }),
  );
  const refused = (what: "disk" | "open-files" | "processes"): void =>
    void gate.ask("service.refused", { service: name, what }).catch(() => {});
  return createContainerService({
    name,
    service,
    host,
    engine,
    container,
    gate,
    seed: (life) => seedOf(seed, name, life),
    load: createLoad({ engine, image: own, service: name, run, labels, container }),
    network,
    address: (port) => ({ host: network.service, port }),
    record,
    write: (line) => log.write(line),
    // Another image has no host of ours: what looks like a word of its host is its own business.
    onFields: (fields) =>
      service.program === undefined ? fields : hear(fields, { service: name, links, running: proxies, refused }),
    onEnd: () => {},
    signal,
  });
}

/** What a service has besides its own network and volumes: files in its image, and networks that it shares with others. */
async function equip(
  name: string,
  service: Service,
  container: Container,
  { options, shared }: Context,
): Promise<void> {
  if (isImage(service)) {
    const archive = archiveOf(service, await options.images.foreign(service));
    if (archive !== undefined) await container.unpack(archive, "/");
  }
  for (const network of service.networks ?? []) await container.connect(required(shared, network), { names: [name] });
}

/** By the names that the plan has for them; they lead nowhere else either. */
async function createShared({ engine, services }: DockerWorldOptions, run: string, labels: Labels) {
  const names = new Set([...services.values()].flatMap(({ networks = [] }) => networks));
  const made = [...names].map(async (name) => {
    const id = await engine.createNetwork({ name: `sinbin-${run}-shared-${name}`, labels, internal: true });
    return [name, id] as const;
  });
  return new Map(await Promise.all(made));
}

/** Ports for people to look in: the gate passes them on, from an address that no service can reach. */
async function publish(
  { services }: DockerWorldOptions,
  container: Container,
  context: Pick<Context, "networks" | "gate">,
) {
  const wanted = [...services].flatMap(([name, { ports = [] }]) => ports.map((each) => ({ name, ...each })));
  if (wanted.length === 0) return;
  const host = (await container.inspect()).addresses.get("bridge");
  if (host === undefined)
    throw new WorldError("the gate is not in the engine's bridge network: ports can't be published");
  for (const { name, port, published } of wanted) {
    const server = { host: required(context.networks, name).service, port };
    await context.gate.hold("port.open", { listen: { host, port: published }, server });
  }
}

function encoded(files: Readonly<Record<string, string>>): { readonly path: string; readonly bytes: string }[] {
  return Object.entries(files).map(([path, text]) => ({ path, bytes: Buffer.from(text).toString("base64") }));
}

/** Never hangs: what does not end in time is killed, with all that is left of the run. */
async function endAll(
  running: ReadonlyMap<string, SupervisedService>,
  { options, gate, host }: Context,
): Promise<void> {
  const { directory, engine, signal } = options;
  const { promise: tooLate, resolve: giveUp } = Promise.withResolvers<void>();
  using timer = host.clock.timer(patienceMs * 1.5, giveUp);
  void timer;
  const dead = Promise.race([engine.dead, gate.gone]).catch(() => {});
  const ends = [...running.values()].map((service) => service.end(patienceMs));
  await Promise.race([Promise.allSettled(ends), tooLate, dead]);
  if (signal.aborted) return;
  const kept = [...running].map(([name, { targets }]) => keepFiles(targets.disk, resolve(directory, name)));
  await Promise.race([Promise.allSettled(kept), dead]);
}

/** An engine that does not answer is left to the reaper. */
async function clear(engine: Engine, run: string): Promise<void> {
  const done = await Promise.race([removeRun(engine, run), engine.dead.catch(() => false)]);
  if (!done) throw new WorldError('some of the run is left at the engine: run "sinbin reap" when it answers again');
}

function required<Key, Value>(map: ReadonlyMap<Key, Value>, key: Key): Value {
  const value = map.get(key);
  if (value === undefined) throw new Error(`there is nothing called ${String(key)} in this world`);
  return value;
}
