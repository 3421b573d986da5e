/**
 * The docker world: services are containers, and one more, the gate, is the only way between them. The harness stays outside and speaks to the engine and
 * to the gate alone, so that the engine may be anywhere.
 *
 *     harness ── standard input and output of an exec ──► gate (proxies, signals, volumes) ── a network each ──► services
 *
 * Whatever is made carries the run's label; it is removed at the end, and by the reaper if the harness is killed.
 */
import { randomUUID } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { debuglog } from "node:util";
import type { Host } from "../../../host/host.ts";
import { createRealHost } from "../../../host/real.ts";
import { WorldError } from "../../errors.ts";
import { isImage } from "../../plan/kind.ts";
import type { Service } from "../../plan/schema.ts";
import type { Capability } from "../capability.ts";
import { hear } from "../hear.ts";
import { createIdentities, namesOnLink } from "../identities.ts";
import type { Identities } from "../identities.ts";
import { seedOf } from "../life.ts";
import { hostName } from "../links.ts";
import { carrierOf } from "../transport.ts";
import { namingOf } from "../names.ts";
import { createResolverTarget } from "../resolver.ts";
import type { StartedLink } from "../links.ts";
import { clockLibrary, findClockHindrance } from "../local/clock.ts";
import { createLogFile } from "../local/log-file.ts";
import { required } from "../required.ts";
import type { SupervisedService } from "../service.ts";
import type { World, WorldOptions } from "../world.ts";
import { dutyOf } from "../timekeeper.ts";
import { removeRun } from "./cleanup.ts";
import { startRemoteClock } from "./clocks.ts";
import { programOwner } from "./containers.ts";
import type { Container, Engine, Labels } from "./engine.ts";
import { clockLibraryFile } from "./gate/directories.ts";
import { checkLibc, imageOf } from "./libc.ts";
import { gateCommand, speakToGate } from "./gate-client.ts";
import type { GateClient } from "./gate-client.ts";
import { untilInterrupted } from "./images.ts";
import type { Images } from "./images.ts";
import { labelsOf } from "./labels.ts";
import { startRemoteLink } from "./links.ts";
import { createLoad } from "./load.ts";
import { throughGate } from "./network.ts";
import type { ServiceNetwork } from "./networks.ts";
import { startReaper } from "./reaper-process.ts";
import { keepFiles } from "./remains.ts";
import { createContainerService } from "./service.ts";
import { createSite } from "./site.ts";
import type { Site } from "./site.ts";
import { forEach, together } from "./together.ts";

export interface DockerWorldOptions extends WorldOptions {
  readonly engine: Engine;
  readonly images: Images;
}

/** The library of virtual clocks is compiled on the harness's machine. */
export function dockerCapabilities(): ReadonlySet<Capability> {
  return new Set<Capability>([
    "programs",
    "isolation",
    "natural-ports",
    "limits",
    "images",
    "memory",
    "cables",
    "packets",
    ...(findClockHindrance() === undefined ? (["clock", "child-clocks", "timekeepers"] as const) : []),
  ]);
}

/** At the end of a run nobody waits longer for a service to stop by itself. */
const patienceMs = 2000;
const debug = debuglog("sinbin-world");

export async function startDockerWorld(everything: DockerWorldOptions): Promise<World> {
  const { services, links, engine, seed, signal, directory, journalled } = everything;
  signal.throwIfAborted();
  const options = { ...everything, images: untilInterrupted(everything.images, signal) };
  await mkdir(directory, { recursive: true });
  await using starting = new AsyncDisposableStack();
  const run = randomUUID().slice(0, 8);
  const labels = labelsOf(run);
  const reaper = starting.use(await startReaper(run));
  starting.defer(async () => {
    await clear(engine, run);
    reaper.dismiss();
  });

  const site = starting.use(
    await createSite({
      ...options,
      run,
      labels,
      journalled: (service) => journalled.has(service) && services.get(service)?.program !== undefined,
      seed: (service) => seedOf(seed, service, 0),
    }),
  );
  const plain = createRealHost({
    name: "harness",
    directory,
    seed,
    log: (event, fields) => debug("%s %j", event, fields),
  });
  const executed = starting.use(await site.gate.execute(gateCommand(run)));
  const [gate, networks] = await together(
    speakToGate(executed, plain).then((client) => starting.use(client)),
    site.join(),
  );
  signal.throwIfAborted();
  const [proxies, identities, containers] = await together(
    startLinks(options, networks, gate),
    createIdentities({ services, links, aliasesOf: (service) => [required(networks, service).service] }).then(
      async (made) => {
        await gate.ask("authority.lend", { certificate: made.authority.certificate, key: made.authority.key });
        return made;
      },
    ),
    site.containers,
    publish(options, site, networks, gate),
  );
  signal.throwIfAborted();
  const library = options.clocks.size > 0 ? await readFile(await clockLibrary()) : undefined;
  const logs = starting.use(new DisposableStack());
  const host = throughGate(plain, gate);
  const context: Context = {
    options,
    run,
    labels,
    networks,
    containers,
    gate,
    host,
    proxies,
    identities,
    library,
    logs,
  };
  const running = new Map<string, SupervisedService>();
  starting.defer(() => endAll(running, context));
  const prepared = await forEach(services, (name, service) => prepareService(name, service, context));
  for (const [name, service] of prepared) running.set(name, service);
  signal.throwIfAborted();

  const started = starting.move();
  const broken = Promise.race([engine.dead, gate.gone]);
  broken.catch(nothing);
  return {
    name: "docker",
    capabilities: dockerCapabilities(),
    host,
    services: running,
    links: proxies,
    broken,
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

type Networks = ReadonlyMap<string, ServiceNetwork>;

interface Context {
  readonly options: DockerWorldOptions;
  readonly run: string;
  readonly labels: Labels;
  readonly networks: Networks;
  readonly containers: ReadonlyMap<string, Container>;
  readonly gate: GateClient;
  readonly host: Host;
  readonly proxies: ReadonlyMap<string, StartedLink>;
  readonly identities: Identities;
  /** That of virtual clocks, if somebody has one. */
  readonly library: Uint8Array | undefined;
  /** Closed after the last service has ended. */
  readonly logs: DisposableStack;
}

async function startLinks(
  { links, inner, record }: DockerWorldOptions,
  networks: Networks,
  gate: GateClient,
): Promise<ReadonlyMap<string, StartedLink>> {
  const taken = [...networks.values()].flatMap(({ harness, names }) =>
    [...names.values()].map((address) => ({ beside: harness, address })),
  );
  await gate.ask("addresses.take", taken);
  await gate.hold("names.refuse", [...new Set([...networks.values()].map(({ harness }) => harness))]);
  return forEach(links, (name, link) => {
    const listen = { host: required(required(networks, link.from).names, hostName(link)), port: link.port };
    const server = { host: required(networks, link.to).service, port: link.port };
    const names = namesOnLink(link, links, [server.host]);
    const elsewhere = required(networks, link.from).harness;
    const chain = { carrier: carrierOf(link), inner: inner.get(name) ?? [], elsewhere };
    return startRemoteLink({ name, gate, ...chain, listen, server, names, record });
  });
}

/** Ports for people to look in: the gate passes them on, from an address that no service can reach. */
async function publish(
  { services }: DockerWorldOptions,
  site: Site,
  networks: Networks,
  gate: GateClient,
): Promise<void> {
  const wanted = [...services].flatMap(([name, { ports = [] }]) => ports.map((each) => ({ name, ...each })));
  if (wanted.length === 0) return;
  const host = (await site.gate.inspect()).addresses.get("bridge");
  if (host === undefined)
    throw new WorldError("the gate is not in the engine's bridge network: no port can be published");
  for (const { name, port, published } of wanted) {
    const server = { host: required(networks, name).service, port };
    await gate.hold("port.open", { listen: { host, port: published }, server });
  }
}

async function prepareService(name: string, service: Service, context: Context): Promise<SupervisedService> {
  const { options, run, labels, networks, gate, host, proxies, identities } = context;
  const { engine, images, links, record, seed, signal } = options;
  const container = required(context.containers, name);
  const library = options.clocks.has(name) ? context.library : undefined;
  if (library !== undefined)
    await checkLibc(library, { service: name, container, ...(await imageOf(service, { engine, images })) });
  const { certificate, key } = required(identities.issued, name);
  const network = required(networks, name);
  const { resolvConf } = namingOf({ service: name, services: options.services, links, doors: network.names });
  await gate.ask("service.prepare", {
    service: name,
    owner: isImage(service) ? 0 : programOwner,
    // Those of an image are not in a volume.
    files: isImage(service) ? [] : encoded(service.files),
    secrets: [
      ...encoded({
        "authority.pem": identities.authority.certificate,
        "certificate.pem": certificate,
        "key.pem": key,
      }),
      ...(library === undefined ? [] : [{ path: clockLibraryFile, bytes: Buffer.from(library).toString("base64") }]),
    ],
    journalled: options.journalled.has(name) && service.program !== undefined,
    remembers: options.journalled.has(name),
  });
  const log = context.logs.use(
    createLogFile({
      path: `${resolve(options.directory, name)}.log`,
      onTrouble: ({ message }) =>
        record({ event: "run.trouble", reason: `what ${name} writes can't be kept: ${message}` }),
    }),
  );
  const refused = (what: "disk" | "open-files" | "processes"): void =>
    gate.tell("service.refused", { service: name, what });
  return createContainerService({
    name,
    service,
    host,
    engine,
    container,
    gate,
    seed: (life) => seedOf(seed, name, life),
    load: createLoad({ engine, image: await images.own(), service: name, run, labels, container }),
    network,
    resolver:
      resolvConf === undefined
        ? undefined
        : createResolverTarget(
            resolvConf,
            async (content) => void (await gate.ask("resolver.write", { service: name, content })),
          ),
    address: (port) => ({ host: network.service, port }),
    record,
    write: (line) => log.write(line),
    // Another image has no host of ours: what looks like a word of its host is its own business.
    onFields: (fields) =>
      service.program === undefined ? fields : hear(fields, { service: name, links, running: proxies, refused }),
    onEnd: nothing,
    clock:
      library === undefined
        ? undefined
        : await startRemoteClock({
            service: name,
            gate,
            duty: dutyOf(service, {
              doorOf: (link) => required(proxies, link).address,
              from: network.harness,
              addresses: [network.service],
              seed: seedOf(seed, `${name}.timekeeper`, 0),
            }),
            record,
          }),
    signal,
  });
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

function nothing(): void {}
