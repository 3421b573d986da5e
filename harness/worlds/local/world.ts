/**
 * The local world: services are processes of this machine, proxies run in the harness's process.
 *
 *     layout (namespaces or loopback) ──► proxies, a door each ──► services, which find the doors
 *
 * What is started first is disposed last: services, proxies, layout.
 */
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { debuglog } from "node:util";
import type { Address, Clock, Host } from "../../../host/host.ts";
import { createRealHost } from "../../../host/real.ts";
import type { ScaledClock } from "../../../host/real/clock.ts";
import type { VirtualClock } from "../../../host/clock/virtual.ts";
import { WorldError } from "../../errors.ts";
import { createClockTarget } from "../clock.ts";
import { createTimekeeper, dutyOf, type Timekeeper } from "../timekeeper.ts";
import type { Service } from "../../plan/schema.ts";
import { seedOf } from "../life.ts";
import { hear, type Hearing } from "../hear.ts";
import { linkVariables, startLink, type StartedLink } from "../links.ts";
import { carrierOf, transportOf, type Transport } from "../transport.ts";
import { required } from "../required.ts";
import { argumentsOf, type Starting } from "../program.ts";
import type { World, WorldOptions } from "../world.ts";
import { createIdentities, namesOnLink } from "../identities.ts";
import { keepIdentities } from "./identities.ts";
import { clockLibrary, startLocalClock } from "./clock.ts";
import type { LocalClock } from "./clock.ts";
import { isIsolated } from "./isolate.ts";
import type { Layout } from "./layout.ts";
import { createLogFile } from "./log-file.ts";
import { startLoopback } from "./loopback.ts";
import { startNamespaces } from "./namespaces.ts";
import type { SupervisedService } from "../service.ts";
import { mark, serviceMark } from "./marked.ts";
import { prepareLocalService } from "./service.ts";
import type { LocalService } from "./service.ts";
import { sweep } from "./sweep.ts";

const starter = fileURLToPath(new URL("../../../host/start.ts", import.meta.url));
/** At the end of a run nobody waits longer for a service to stop by itself. */
const patienceMs = 2000;
const debug = debuglog("sinbin-world");

export interface LocalWorldOptions extends WorldOptions {
  /** By which all goes here. */
  readonly time: ScaledClock;
  /** By which the machine's own business goes. */
  readonly machineClock: Clock;
}

export async function startLocalWorld(options: LocalWorldOptions): Promise<World> {
  const { services, links, directory, seed, signal, time, machineClock } = options;
  signal.throwIfAborted();
  await mkdir(directory, { recursive: true });
  await using starting = new AsyncDisposableStack();
  const run = randomUUID();
  const layout = starting.use(await (isIsolated() ? startNamespaces : startLoopback)({ run, services, links }));
  const identities = await createIdentities({ services, links, aliasesOf: layout.aliasesOf });
  const variablesOf = await keepIdentities(identities, layout.scratch);
  signal.throwIfAborted();

  const host = createRealHost({
    name: "harness",
    directory,
    seed,
    identity: { authority: identities.authority.certificate, issuer: identities.authority },
    clock: time,
    log: (event, fields) => debug("%s %j", event, fields),
  });
  const proxies = new Map<string, StartedLink>();
  for (const name of links.keys()) proxies.set(name, starting.use(await startProxy(name, options, layout, host)));
  signal.throwIfAborted();

  const doors = new Map([...proxies].map(([name, { address }]) => [name, address]));
  const logs = starting.use(new DisposableStack());
  const clocks = starting.use(new AsyncDisposableStack());
  const library = options.clocks.size > 0 ? await clockLibrary() : undefined;
  const clockOf = (service: string): LocalClock | undefined =>
    library === undefined || !options.clocks.has(service)
      ? undefined
      : // No service may be called so, since names of services have no dots.
        clocks.use(startLocalClock({ library, page: join(layout.scratch, `${service}.clock`), time }));
  const context: Context = { options, layout, host, proxies, doors, variablesOf, clockOf, clocks, logs, run };
  const locals = new Map<string, LocalService>();
  starting.defer(() => endAll([...locals.values()], context));
  for (const [name, service] of services) locals.set(name, await prepareService(name, service, context));

  const started = starting.move();
  return {
    name: "local",
    capabilities: layout.capabilities,
    host,
    machineClock,
    services: locals,
    links: proxies,
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

interface Context {
  readonly options: LocalWorldOptions;
  readonly layout: Layout;
  readonly host: Host;
  readonly proxies: ReadonlyMap<string, StartedLink>;
  /** Where they listen, by link. */
  readonly doors: ReadonlyMap<string, Address>;
  /** Where a service finds its certificate. */
  readonly variablesOf: (service: string) => Readonly<Record<string, string>>;
  /** Its virtual clock, if it needs one. */
  readonly clockOf: (service: string) => LocalClock | undefined;
  /** They and those who steer them, who end first. */
  readonly clocks: AsyncDisposableStack;
  /** Closed after the last service has ended. */
  readonly logs: DisposableStack;
  readonly run: string;
}

function startProxy(
  name: string,
  { links, inner, record }: WorldOptions,
  layout: Layout,
  host: Host,
): Promise<StartedLink> {
  const link = required(links, name);
  const serverOf = (other: string, transport?: Transport): Address => {
    const { to, port, proto } = required(links, other);
    return layout.addressOf(to, port, transport ?? transportOf({ proto }));
  };
  return startLink({
    name,
    host,
    carrier: carrierOf(link),
    inner: inner.get(name) ?? [],
    listen: layout.doorOf(name),
    names: namesOnLink(link, links, layout.aliasesOf(link.to)),
    elsewhere: layout.elsewhereOf?.(name),
    server: async (transport) => serverOf(name, transport),
    serverOf,
    record,
  });
}

async function prepareService(name: string, service: Service, context: Context): Promise<LocalService> {
  const { options, layout, host, variablesOf, run } = context;
  const directory = resolve(options.directory, name);
  await mkdir(directory, { recursive: true });
  await writeFiles(name, directory, service.files);
  const log = context.logs.use(
    createLogFile({
      path: `${directory}.log`,
      onTrouble: ({ message }) =>
        options.record({ event: "run.trouble", reason: `what ${name} writes can't be kept: ${message}` }),
    }),
  );
  const remembers = options.journalled.has(name);
  // No service may be called so, since names of services have no dots.
  const control = join(layout.scratch, `${name}.control`);
  const journal = remembers && service.program !== undefined ? join(layout.scratch, `${name}.journal`) : undefined;
  const environment: Readonly<Record<string, string>> = {
    ...inherited(),
    ...variablesOf(name),
    ...layout.namesFor(name, context.doors),
    ...linkVariables(name, options.links, (link) => context.doors.get(link)),
    ...(service.program !== undefined && { SINBIN_CONTROL: control }),
    ...(journal !== undefined && { SINBIN_JOURNAL: journal }),
    [serviceMark]: name,
    [mark]: run,
    ...service.env,
  };
  const doorOf = (link: string): string => required(context.doors, link).host;
  const command = commandOf(service, { without: options.without.get(name) ?? [], doorOf });
  const clock = context.clockOf(name);
  const timekeeper = clock && startTimekeeper(name, service, clock.clock, context);
  const hearing: Hearing = {
    service: name,
    links: options.links,
    running: context.proxies,
    listening: (port, address, transport) => layout.listening(name, port, address, transport),
    refused: (what) => local.refused(what),
  };
  const local = await prepareLocalService({
    name,
    service,
    host,
    run,
    directory,
    control,
    journal,
    remembers,
    befall: layout.befallOf?.(name),
    clock: clock && createClockTarget(clock.clock),
    timekeeper,
    machineClock: options.machineClock,
    resolver: layout.resolverOf?.(name),
    command: layout.enter(name, clock?.around(command) ?? command),
    executable: command[0] ?? "",
    environment: (life) => ({ ...environment, SINBIN_SEED: String(seedOf(options.seed, name, life)) }),
    address: (port) => layout.addressOf(name, port),
    record: options.record,
    write: (line) => log.write(line),
    // A command has no host of ours: what looks like a word of its host is its own business.
    onFields: (fields) => (service.program === undefined ? fields : hear(fields, hearing)),
    onEnd: () => layout.ended(name),
    signal: options.signal,
  });
  if (clock === undefined) return local;
  return {
    ...local,
    clockOffset: async () => clock.clock.error(),
    hasSeenClock: async () => clock.clock.wasSeen(),
  };
}

/** Undefined if the plan gives it none. */
function startTimekeeper(
  name: string,
  service: Service,
  clock: VirtualClock,
  { options: { record, seed }, layout, doors, clocks }: Context,
): Timekeeper | undefined {
  const duty = dutyOf(service, {
    doorOf: (link) => required(doors, link),
    from: layout.besideOf(name),
    addresses: layout.aliasesOf(name),
    seed: seedOf(seed, `${name}.timekeeper`, 0),
  });
  if (duty === undefined) return undefined;
  return clocks.use(
    createTimekeeper({
      ...duty,
      service: name,
      clock,
      onEvent: (event) => record({ event: "timekeeper.acts", service: name, ...event }),
      onCrash: (reason) => record({ event: "run.trouble", reason }),
    }),
  );
}

/** `files` are a plan's: they must not reach beyond the service's directory. */
async function writeFiles(name: string, directory: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const target = resolve(directory, path);
    if (!target.startsWith(`${directory}${sep}`)) {
      throw new WorldError(`${name} can't have the file ${path}: write a path within its directory`);
    }
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, content);
  }
}

function commandOf(service: Service, starting: Starting): readonly string[] {
  const args = argumentsOf(service, starting);
  if (service.program !== undefined) return [process.execPath, starter, resolve(service.program), ...args];
  return [...(service.command ?? []).map((word) => besideThePlan(word, service.folder)), ...args];
}

/** `./server.py` counts from the plan's folder if it is there; else it is the daemon's own business, in its own directory. */
function besideThePlan(word: string, folder: string): string {
  const path = resolve(folder, word);
  return /^\.\.?\//.test(word) && existsSync(path) ? path : word;
}

/** Nothing of ours that was meant for the harness. */
function inherited(): Record<string, string> {
  const entries = Object.entries(process.env).filter(
    ([key, value]) => value !== undefined && !key.startsWith("SINBIN_"),
  );
  return Object.fromEntries(entries) as Record<string, string>;
}

/** Never hangs: what does not end in time is killed, with all that is left of the run. */
async function endAll(services: readonly SupervisedService[], { options, layout, run }: Context): Promise<void> {
  const { promise: tooLate, resolve: giveUp } = Promise.withResolvers<void>();
  using timer = options.machineClock.timer(patienceMs * 1.5, giveUp);
  void timer;
  await Promise.race([Promise.allSettled(services.map((service) => service.end(patienceMs))), tooLate]);
  const clean = await sweep({ run, owns: layout.houses });
  if (!clean) throw new WorldError("some processes of the run could not be killed");
}
