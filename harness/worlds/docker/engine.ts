/**
 * A Docker engine, as a world uses one: the only file that knows dockerode, together with engine-swarm.ts. Nothing here hangs: every call ends when the engine has not answered for
 * too long, with a `WorldError` that says what was tried.
 */
import { PassThrough, type Duplex, type Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import Docker from "dockerode";
import { messageOf, WorldError } from "../../errors.ts";
import { findEndpoint } from "./endpoint.ts";
import { removeService, wrapSwarm } from "./engine-swarm.ts";
import type { SwarmEngine } from "./engine-swarm.ts";
import { joinPipes } from "./pipes.ts";

export interface Engine extends Disposable {
  /** Which one, for people. */
  readonly name: string;
  readonly version: string;
  /** Of its API, such as 1.41. */
  readonly api: string;
  readonly cpus: number;
  /** Bytes. */
  readonly memory: number;
  /** Rejects with a `WorldError` once the engine does not answer any more. */
  readonly dead: Promise<never>;
  /** Its id and what it runs by itself; undefined if the engine does not have it. */
  findImage(image: string): Promise<Image | undefined>;
  pull(image: string, onProgress: OnProgress): Promise<void>;
  /** Why an image that is not there can't be fetched; undefined if it can. */
  whyNotPulled(image: string): Promise<string | undefined>;
  /** Images that carry a label, and that nothing uses. Resolves with their names. */
  removeImages(label: string): Promise<readonly string[]>;
  /** From an archive whose `Dockerfile` is in it, unless named. @throws {WorldError} with the last lines of the build. */
  build(archive: Readable, options: BuildOptions, onProgress: OnProgress): Promise<void>;
  createNetwork(network: NetworkSpec): Promise<string>;
  createVolume(volume: { readonly name: string; readonly labels: Labels }): Promise<void>;
  createContainer(spec: ContainerSpec): Promise<Container>;
  /** All that carries a label, `key=value` or the key alone. */
  list(label: string): Promise<readonly Listed[]>;
  remove(listed: Listed): Promise<void>;
  /** What it does for a swarm; undefined if it manages none. */
  readonly swarm: SwarmEngine | undefined;
}

export type OnProgress = (line: string) => void;
export type Labels = Readonly<Record<string, string>>;

export interface Image {
  readonly id: string;
  /** ENTRYPOINT and CMD. */
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly hasHealthCheck: boolean;
}

export interface BuildOptions {
  readonly tag: string;
  readonly dockerfile?: string | undefined;
  readonly target?: string | undefined;
  readonly args?: Readonly<Record<string, string>> | undefined;
  readonly labels?: Labels;
}

export interface NetworkSpec {
  readonly name: string;
  readonly labels: Labels;
  readonly internal: boolean;
  /** Such as 198.18.7.0/24, with an address for the engine's own end; the engine chooses unless given. */
  readonly subnet?: { readonly range: string; readonly gateway: string };
}

export interface ContainerSpec {
  readonly name: string;
  readonly image: string;
  readonly labels: Labels;
  readonly hostname?: string;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[] | undefined;
  readonly environment?: Readonly<Record<string, string>>;
  readonly directory?: string | undefined;
  readonly user?: string | undefined;
  readonly network?: { readonly id: string; readonly address?: string };
  /** Asked for names that are not in `hosts`; nobody is, unless given. */
  readonly nameServer?: string;
  /** Host name → address. */
  readonly hosts?: ReadonlyMap<string, string>;
  readonly volumes?: readonly { readonly name: string; readonly at: string; readonly readOnly?: boolean }[];
  readonly capabilities?: readonly string[];
  /** It sees and may signal the processes of the whole machine. */
  readonly seesAllProcesses?: boolean;
  readonly limits?: ContainerLimits;
  /** Of its network: net.… */
  readonly kernelSettings?: Readonly<Record<string, string>>;
  /** Container port → port of the engine's machine, on loopback. */
  readonly ports?: ReadonlyMap<number, number>;
}

/** Bytes, cores (`Infinity`: all that there are), processes, descriptors; weight: 1024 is what everybody has. */
export interface ContainerLimits {
  readonly memory?: number | undefined;
  readonly cpus?: number | undefined;
  /** In each of which it gets its share of the cores; 100 ms unless given. */
  readonly cpuPeriodMs?: number | undefined;
  readonly processes?: number | undefined;
  readonly openFiles?: number | undefined;
  readonly onlyCpus?: string | undefined;
  readonly cpuWeight?: number | undefined;
}

export interface Container {
  readonly id: string;
  /** Joins a network besides its own. */
  connect(network: string, options: { readonly address?: string; readonly names?: readonly string[] }): Promise<void>;
  /** Unpacks an archive (tar) at a path in it, running or not. */
  unpack(archive: Readable, at: string): Promise<void>;
  /** What it writes from now on, until it ends. */
  listen(onChunk: (stream: "out" | "err", chunk: Buffer) => void): Promise<{ readonly ended: Promise<void> }>;
  start(): Promise<void>;
  /** Resolves with its exit code when it has ended. */
  wait(): Promise<number>;
  inspect(): Promise<Inspected>;
  kill(): Promise<void>;
  update(limits: ContainerLimits): Promise<void>;
  /** A process in it, as root, by its pipes. */
  execute(command: readonly string[]): Promise<Executed>;
  remove(): Promise<void>;
}

export interface Inspected {
  readonly pid: number;
  readonly running: boolean;
  readonly health: string | undefined;
  /** By the names of its networks. */
  readonly addresses: ReadonlyMap<string, string>;
}

/** Its standard input and output; disposing closes both. */
export interface Executed extends Disposable {
  readonly pipe: Duplex;
  /** The end of what it wrote to its standard error. */
  complaint(): string;
}

export interface Listed {
  readonly kind: "service" | "container" | "network" | "volume" | "config";
  readonly id: string;
  readonly name: string;
  readonly labels: Labels;
}

/** What an engine on a loaded machine may need for the slowest of its calls. */
const patienceMs = 60_000;
/** Between two looks whether it is still there, and how long it may be silent. */
const betweenLooksMs = 1000;
const silenceMs = 10_000;
const complaintLength = 4000;

/** @throws {WorldError} if none answers, with what to do. */
export async function connectEngine({ signal }: { readonly signal?: AbortSignal } = {}): Promise<Engine> {
  const { name, variables } = findEndpoint(process.env);
  // Docker's libraries look there, and so does whatever we start.
  Object.assign(process.env, variables);
  const docker = new Docker();
  const over = new AbortController();
  const { promise: dead, reject: die } = Promise.withResolvers<never>();
  dead.catch(() => {});

  const within = async <Result>(what: string, milliseconds: number, work: Promise<Result>): Promise<Result> => {
    const done = new AbortController();
    work.catch(() => {});
    try {
      return await Promise.race([work, dead, tooLong(name, what, milliseconds, done.signal)]);
    } finally {
      done.abort();
    }
  };
  const attempt = async <Result>(what: string, work: () => Promise<Result>): Promise<Result> => {
    signal?.throwIfAborted();
    try {
      return await within(what, patienceMs, work());
    } catch (cause) {
      if (cause instanceof WorldError) throw cause;
      throw new WorldError(`${what}: ${reasonOf(cause)}`, { cause });
    }
  };

  const info = await greet(docker, name);
  void watchOver(docker, over.signal).catch((error: unknown) => die(error));

  return {
    name,
    version: info.version,
    api: info.api,
    cpus: info.cpus,
    memory: info.memory,
    dead,
    async findImage(image) {
      try {
        const { Id, Config } = await within(
          `looking for the image ${image}`,
          patienceMs,
          docker.getImage(image).inspect(),
        );
        return {
          id: Id,
          entrypoint: [Config.Entrypoint ?? []].flat(),
          command: Config.Cmd ?? [],
          hasHealthCheck: "Healthcheck" in Config && Config.Healthcheck !== undefined && Config.Healthcheck !== null,
        };
      } catch (error) {
        if (statusOf(error) === 404) return undefined;
        throw error;
      }
    },
    pull: (image, onProgress) => pull(docker, image, onProgress),
    build: (archive, options, onProgress) => build(docker, archive, options, onProgress),
    async whyNotPulled(image) {
      try {
        await within(`asking for the image ${image}`, patienceMs, docker.getImage(image).distribution());
        return undefined;
      } catch (error) {
        return reasonOf(error);
      }
    },
    removeImages: (label) => attempt("images can't be removed", () => removeImages(docker, label)),
    createNetwork: ({ name: network, labels, internal, subnet }) =>
      attempt(`the network ${network} can't be made`, async () => {
        const created = await docker.createNetwork({
          Name: network,
          Driver: "bridge",
          Internal: internal,
          // Or its services would reach whatever listens on the engine's machine, by the engine's own address in it.
          ...(internal && { Options: { "com.docker.network.bridge.inhibit_ipv4": "true" } }),
          Labels: { ...labels },
          ...(subnet !== undefined && {
            IPAM: { Driver: "default", Config: [{ Subnet: subnet.range, Gateway: subnet.gateway }] },
          }),
        });
        return created.id;
      }),
    createVolume: ({ name: volume, labels }) =>
      attempt(`the volume ${volume} can't be made`, async () => {
        await docker.createVolume({ Name: volume, Labels: { ...labels } });
      }),
    createContainer: (spec) =>
      attempt(`the container ${spec.name} can't be made`, async () =>
        wrap(await docker.createContainer(toOptions(spec)), attempt, docker),
      ),
    list: (label) => attempt("what is there can't be listed", () => list(docker, label, info.managesSwarm)),
    remove: (listed) => attempt(`the ${listed.kind} ${listed.name} can't be removed`, () => remove(docker, listed)),
    swarm: info.managesSwarm ? wrapSwarm(docker, attempt) : undefined,
    [Symbol.dispose]: () => over.abort(),
  };
}

async function tooLong(engine: string, what: string, milliseconds: number, signal: AbortSignal): Promise<never> {
  await sleep(milliseconds, undefined, { signal });
  throw new WorldError(`the engine (${engine}) has not answered for ${milliseconds / 1000} s: ${what}`);
}

interface Greeting {
  readonly version: string;
  readonly api: string;
  readonly cpus: number;
  readonly memory: number;
  readonly managesSwarm: boolean;
}

interface Information {
  readonly NCPU: number;
  readonly MemTotal: number;
  readonly Swarm?: { readonly ControlAvailable?: boolean };
}

async function greet(docker: Docker, name: string): Promise<Greeting> {
  try {
    const [{ NCPU, MemTotal, Swarm }, { Version, ApiVersion }] = await answered(
      Promise.all([docker.info() as Promise<Information>, docker.version()]),
    );
    return {
      version: Version,
      api: ApiVersion,
      cpus: NCPU,
      memory: MemTotal,
      managesSwarm: Swarm?.ControlAvailable === true,
    };
  } catch (cause) {
    throw new WorldError(`no Docker engine answers (${name}): ${reasonOf(cause)}; ${adviceFor(cause)}`, { cause });
  }
}

async function answered<Result>(work: Promise<Result>): Promise<Result> {
  const done = new AbortController();
  work.catch(() => {});
  const silence = sleep(silenceMs, undefined, { signal: done.signal }).then(() => {
    throw new Error(`silent for ${silenceMs / 1000} s`);
  });
  silence.catch(() => {});
  try {
    return await Promise.race([work, silence]);
  } finally {
    done.abort();
  }
}

function adviceFor(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EACCES") return "let this user use it: usermod -aG docker USER, and log in again";
  if (code === "ENOENT") return "install one, such as Debian's docker.io, and start it: dockerd";
  return "start it, or set DOCKER_HOST to one that runs";
}

/** Rejects once it has been silent for too long. */
async function watchOver(docker: Docker, signal: AbortSignal): Promise<void> {
  let heard = performance.now();
  for (;;) {
    try {
      await answered(docker.ping());
      heard = performance.now();
    } catch (cause) {
      if (signal.aborted) return;
      if (performance.now() - heard >= silenceMs || isRefusal(cause))
        throw new WorldError(`the Docker engine died in the middle of the run: ${reasonOf(cause)}`, { cause });
    }
    try {
      await sleep(betweenLooksMs, undefined, { signal, ref: false });
    } catch {
      return;
    }
  }
}

/** Its socket is there and nobody listens, or not even the socket is there. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ECONNREFUSED" || error.code === "ENOENT");
}

type Attempt = <Result>(what: string, work: () => Promise<Result>) => Promise<Result>;

function wrap(container: Docker.Container, attempt: Attempt, docker: Docker): Container {
  const { id } = container;
  const called = `the container ${id.slice(0, 12)}`;
  return {
    id,
    connect: (network, { address, names = [] }) =>
      attempt(`${called} can't join a network`, async () => {
        await docker.getNetwork(network).connect({
          Container: id,
          EndpointConfig: {
            Aliases: [...names],
            ...(address !== undefined && { IPAMConfig: { IPv4Address: address } }),
          },
        });
      }),
    unpack: (archive, path) =>
      attempt(`files can't be copied into ${called}`, async () => void (await container.putArchive(archive, { path }))),
    listen: (onChunk) =>
      attempt(`the output of ${called} can't be heard`, async () => {
        const stream = await container.attach({ stream: true, stdout: true, stderr: true });
        const ended = Promise.withResolvers<void>();
        for (const event of ["end", "close", "error"]) stream.once(event, () => ended.resolve());
        const [out, err] = (["out", "err"] as const).map((name) =>
          new PassThrough().on("data", (chunk: Buffer) => onChunk(name, chunk)),
        ) as [PassThrough, PassThrough];
        docker.modem.demuxStream(stream, out, err);
        return { ended: ended.promise };
      }),
    start: () => attempt(`${called} can't be started`, async () => void (await container.start())),
    async wait() {
      const { StatusCode } = (await container.wait()) as { readonly StatusCode: number };
      return StatusCode;
    },
    inspect: () =>
      attempt(`${called} can't be looked at`, async () => {
        const { State, NetworkSettings } = await container.inspect();
        const addresses = Object.entries(NetworkSettings.Networks).map(
          ([net, { IPAddress }]) => [net, IPAddress] as const,
        );
        return {
          pid: State.Pid,
          running: State.Running,
          health: State.Health?.Status,
          addresses: new Map(addresses),
        };
      }),
    kill: () =>
      attempt(`${called} can't be killed`, async () => {
        try {
          await container.kill();
        } catch (error) {
          // It has ended already.
          if (statusOf(error) !== 409 && statusOf(error) !== 404) throw error;
        }
      }),
    update: (limits) =>
      attempt(`the limits of ${called} can't be changed`, async () => void (await container.update(toLimits(limits)))),
    execute: (command) =>
      attempt(`nothing can be run in ${called}`, async () => {
        const exec = await container.exec({
          Cmd: [...command],
          User: "root",
          AttachStdin: true,
          AttachStdout: true,
          AttachStderr: true,
        });
        const stream = await exec.start({ hijack: true, stdin: true });
        const out = new PassThrough();
        let complaint = "";
        const err = new PassThrough().on("data", (chunk: Buffer) => {
          complaint = (complaint + chunk.toString()).slice(-complaintLength);
        });
        docker.modem.demuxStream(stream, out, err);
        for (const event of ["end", "close", "error"]) stream.once(event, () => out.end());
        return {
          pipe: joinPipes(out, stream),
          complaint: () => complaint,
          [Symbol.dispose]: () => void stream.destroy(),
        };
      }),
    remove: () =>
      attempt(`${called} can't be removed`, async () => void (await container.remove({ force: true, v: true }))),
  };
}

function toOptions(spec: ContainerSpec): Docker.ContainerCreateOptions {
  const { network, volumes = [], hosts = new Map(), environment = {}, capabilities = [], ports = new Map() } = spec;
  return {
    name: spec.name,
    Image: spec.image,
    Labels: { ...spec.labels },
    ...(spec.hostname !== undefined && { Hostname: spec.hostname }),
    ...(spec.entrypoint !== undefined && { Entrypoint: [...spec.entrypoint] }),
    ...(spec.command !== undefined && { Cmd: [...spec.command] }),
    Env: Object.entries(environment).map(([key, value]) => `${key}=${value}`),
    ...(spec.directory !== undefined && { WorkingDir: spec.directory }),
    ...(spec.user !== undefined && { User: spec.user }),
    ExposedPorts: Object.fromEntries([...ports.keys()].map((port) => [`${port}/tcp`, {}])),
    HostConfig: {
      // A main process that is not process 1 has the manners of any other: what it does not handle ends it.
      Init: true,
      Binds: volumes.map(({ name, at, readOnly = false }) => `${name}:${at}${readOnly ? ":ro" : ""}`),
      ExtraHosts: [...hosts].map(([host, address]) => `${host}:${address}`),
      // No name of the outside world gets into a run.
      Dns: [spec.nameServer ?? "127.0.0.1"],
      CapAdd: [...capabilities],
      ...(spec.seesAllProcesses === true && { PidMode: "host" }),
      ...(spec.kernelSettings !== undefined && { Sysctls: { ...spec.kernelSettings } }),
      NetworkMode: network?.id ?? "none",
      PortBindings: Object.fromEntries(
        [...ports].map(([port, at]) => [`${port}/tcp`, [{ HostIp: "127.0.0.1", HostPort: String(at) }]]),
      ),
      // What it writes is the harness's to keep.
      LogConfig: { Type: "none", Config: {} },
      ...(spec.limits !== undefined && toLimits(spec.limits)),
      ...(spec.limits?.openFiles !== undefined && {
        Ulimits: [{ Name: "nofile", Soft: spec.limits.openFiles, Hard: spec.limits.openFiles }],
      }),
    },
    ...(network !== undefined && {
      NetworkingConfig: {
        EndpointsConfig: {
          [network.id]: network.address === undefined ? {} : { IPAMConfig: { IPv4Address: network.address } },
        },
      },
    }),
  };
}

function toLimits(limits: ContainerLimits): object {
  const { memory, cpus, cpuPeriodMs = 100, processes, onlyCpus, cpuWeight } = limits;
  const period = Math.round(cpuPeriodMs * 1000);
  return {
    ...(memory !== undefined && { Memory: memory, MemorySwap: memory }),
    ...(cpus !== undefined && { CpuPeriod: period, CpuQuota: cpus === Infinity ? -1 : Math.round(cpus * period) }),
    ...(processes !== undefined && { PidsLimit: processes }),
    ...(onlyCpus !== undefined && { CpusetCpus: onlyCpus }),
    ...(cpuWeight !== undefined && { CpuShares: cpuWeight }),
  };
}

async function pull(docker: Docker, image: string, onProgress: OnProgress): Promise<void> {
  try {
    // Credentials are found as Docker's own command line finds them.
    const { getContainerRuntimeClient, ImageName } = await import("testcontainers");
    onProgress(`pulling ${image}`);
    const { image: images } = await getContainerRuntimeClient();
    await images.pull(ImageName.fromString(image));
    await docker.getImage(image).inspect();
  } catch (cause) {
    throw new WorldError(
      `the image ${image} is not there and can't be pulled: ${reasonOf(cause)}; pull or build it by hand, or log in to its registry`,
      { cause },
    );
  }
}

const keptLines = 20;

async function build(docker: Docker, archive: Readable, options: BuildOptions, onProgress: OnProgress): Promise<void> {
  const { tag, dockerfile = "Dockerfile", target, args = {}, labels = {} } = options;
  const lines: string[] = [];
  let failure: string | undefined;
  const say = ({ stream = "", error }: { readonly stream?: string; readonly error?: string }): void => {
    failure ??= error;
    for (const line of `${stream}${error ?? ""}`.split("\n").filter((text) => text.trim() !== "")) {
      lines.push(line);
      if (lines.length > keptLines) lines.shift();
      onProgress(line);
    }
  };
  try {
    const progress = await docker.buildImage(archive, {
      t: tag,
      dockerfile,
      buildargs: { ...args },
      labels: { ...labels },
      ...(target !== undefined && { target }),
    });
    await new Promise<void>((resolve, reject) => {
      docker.modem.followProgress(progress, (error) => (error === null ? resolve() : reject(error)), say);
    });
    // A step that fails is told of as any other.
    if (failure !== undefined) throw new Error(failure);
  } catch (cause) {
    throw new WorldError(`the image ${tag} can't be built: ${reasonOf(cause)}`, { cause, log: lines });
  }
}

async function list(docker: Docker, label: string, ofSwarm: boolean): Promise<readonly Listed[]> {
  const filters = { label: [label] };
  const text = { filters: JSON.stringify(filters) };
  const [containers, networks, { Volumes: volumes }, services, configs] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listNetworks({ filters }),
    docker.listVolumes({ filters }),
    ofSwarm ? (docker.listServices(text) as Promise<readonly OfSwarm[]>) : [],
    ofSwarm ? (docker.listConfigs(text) as Promise<readonly OfSwarm[]>) : [],
  ]);
  const named = (kind: "service" | "config", found: readonly OfSwarm[]): readonly Listed[] =>
    found.map(({ ID, Spec }) => ({ kind, id: ID, name: Spec?.Name ?? ID, labels: Spec?.Labels ?? {} }));
  return [
    ...named("service", services),
    ...named("config", configs),
    ...containers.map(({ Id, Names, Labels }) => ({
      kind: "container" as const,
      id: Id,
      name: (Names[0] ?? Id).replace(/^\//, ""),
      labels: Labels,
    })),
    ...networks.map(({ Id, Name, Labels = {} }) => ({ kind: "network" as const, id: Id, name: Name, labels: Labels })),
    ...(volumes ?? []).map(({ Name, Labels }) => ({
      kind: "volume" as const,
      id: Name,
      name: Name,
      labels: Labels ?? {},
    })),
  ];
}

interface OfSwarm {
  readonly ID: string;
  readonly Spec?: { readonly Name?: string; readonly Labels?: Labels };
}

async function remove(docker: Docker, { kind, id }: Listed): Promise<void> {
  try {
    if (kind === "container") await docker.getContainer(id).remove({ force: true, v: true });
    else if (kind === "network") await docker.getNetwork(id).remove();
    else if (kind === "service") await removeService(docker, id);
    else if (kind === "config") await docker.getConfig(id).remove();
    else await docker.getVolume(id).remove({ force: true });
  } catch (error) {
    // Somebody else removes it, too.
    if (statusOf(error) === 404 || /already in progress/.test(messageOf(error))) return;
    throw error;
  }
}

async function removeImages(docker: Docker, label: string): Promise<readonly string[]> {
  const found = await docker.listImages({ filters: { label: [label] } });
  const removed: string[] = [];
  // Those that others stand on go last.
  for (let before = -1; removed.length > before;) {
    before = removed.length;
    for (const { Id, RepoTags } of found) {
      const name = RepoTags?.[0] ?? Id;
      if (removed.includes(name)) continue;
      const gone = await docker
        .getImage(name)
        .remove()
        .then(
          () => true,
          () => false,
        );
      if (gone) removed.push(name);
    }
  }
  return removed;
}

function statusOf(error: unknown): number | undefined {
  return error instanceof Error && "statusCode" in error ? Number(error.statusCode) : undefined;
}

/** Without what dockerode puts before it. */
function reasonOf(error: unknown): string {
  return messageOf(error)
    .replace(/^\(HTTP code \d+\) [^-]* - /, "")
    .trim();
}
