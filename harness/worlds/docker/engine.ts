/**
 * A Docker engine, as a world uses one; the files whose names begin like this one's are all that knows dockerode. Nothing here hangs: every call ends when
 * the engine has not answered for too long, with a `WorldError` that says what was tried.
 *
 *     engine.ts ──┬── engine-tunnel.ts       the way to one that is reached by ssh
 *                 ├── engine-watch.ts        whether it is there, at first and later
 *                 ├── engine-images.ts       looked for, pulled, built
 *                 ├── engine-container.ts    made, started, listened to
 *                 ├── engine-objects.ts      what is left of a run
 *                 └── engine-swarm.ts        jobs on other machines
 */
import type { Agent } from "node:http";
import type { Duplex, Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";
import Docker from "dockerode";
import { WorldError } from "../../errors.ts";
import { findEndpoint } from "./endpoint.ts";
import { toOptions, wrap } from "./engine-container.ts";
import { reasonOf } from "./engine-errors.ts";
import { build, findImage, pull, removeImages, whyNotPulled } from "./engine-images.ts";
import { list, remove } from "./engine-objects.ts";
import { wrapSwarm } from "./engine-swarm.ts";
import type { SwarmEngine } from "./engine-swarm.ts";
import { openTunnel } from "./engine-tunnel.ts";
import { greet, watchOver } from "./engine-watch.ts";

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
  /** Undefined if the engine does not have it. */
  findImage(image: string): Promise<Image | undefined>;
  pull(image: string, onProgress: OnProgress): Promise<void>;
  /** Why an image that is not there can't be fetched; undefined if it can. */
  whyNotPulled(image: string): Promise<string | undefined>;
  /** Images that carry a label, and that nothing uses. Resolves with their names. */
  removeImages(label: string): Promise<readonly string[]>;
  /** From an archive whose `Dockerfile` is in it, unless named. @throws {WorldError} with the last lines of the build. */
  build(archive: Readable, options: BuildOptions, onProgress: OnProgress): Promise<void>;
  createNetwork(network: NetworkSpec): Promise<string>;
  /** `size`: in memory, and no larger than that; bytes. */
  createVolume(volume: VolumeSpec): Promise<void>;
  /** The folder of the engine's machine that a volume is. */
  folderOf(volume: string): Promise<string>;
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
  /** CMD. */
  readonly command: readonly string[];
  readonly hasHealthCheck: boolean;
  /** Such as amd64. */
  readonly architecture: string;
  /** ENV. */
  readonly environment: Readonly<Record<string, string>>;
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

export interface VolumeSpec {
  readonly name: string;
  readonly labels: Labels;
  readonly size?: number | undefined;
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
  /** Volumes by their names, and files and folders of the engine's machine by their paths. */
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
  /** A file in it, running or not, at the end of all links; undefined if there is none. */
  read(path: string): Promise<Uint8Array | undefined>;
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

/** `signal`: for the wait until it answers. @throws {WorldError} if none does, with what to do. */
export async function connectEngine({ signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<Engine> {
  const { name, variables } = findEndpoint(process.env);
  // Docker's libraries look there, and so does whatever we start.
  Object.assign(process.env, variables);
  const address = process.env["DOCKER_HOST"] ?? "";
  const tunnel = address.startsWith("ssh:") ? await openTunnel(address, signal) : undefined;
  const docker = new Docker(
    tunnel === undefined ? {} : { host: undefined, protocol: "http", socketPath: tunnel.socketPath },
  );
  const modem = docker.modem as { readonly protocol?: string; agent?: Agent };
  // Not imported: that would load all that they export, a WebSocket client too, while somebody waits.
  const { Agent: ConnectionPool } = process.getBuiltinModule(modem.protocol === "https" ? "node:https" : "node:http");
  const connections = new ConnectionPool({ keepAlive: true });
  // The library looks at all that it is given before each call, down to the last socket, for a debug log that is off.
  modem.agent = Object.assign(connections, { [inspect.custom]: () => "Agent" });
  const over = new AbortController();
  const { promise: dead, reject: die } = Promise.withResolvers<never>();
  dead.catch(() => {});
  let isDead = false;

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
    // Or it would be asked, and what waits for its answer would keep the harness from ending.
    if (isDead) return dead;
    try {
      return await within(what, patienceMs, work());
    } catch (cause) {
      if (cause instanceof WorldError) throw cause;
      throw new WorldError(`${what}: ${reasonOf(cause)}`, { cause });
    }
  };

  const info = await greet(docker, name, signal).catch((error: unknown) => {
    connections.destroy();
    tunnel?.[Symbol.dispose]();
    const said = tunnel?.complaint() ?? "";
    throw said === "" || !(error instanceof Error) ? error : new WorldError(`${error.message} (ssh says: ${said})`);
  });
  void watchOver(docker, over.signal).catch((error: unknown) => {
    isDead = true;
    die(error);
    // What waits for an answer waits no more, or the harness would never end.
    connections.destroy();
  });

  return {
    name,
    version: info.version,
    api: info.api,
    cpus: info.cpus,
    memory: info.memory,
    dead,
    findImage: (image) => attempt(`the image ${image} can't be looked for`, () => findImage(docker, image)),
    pull: (image, onProgress) => pull(docker, image, onProgress),
    build: (archive, options, onProgress) => build(docker, archive, options, onProgress),
    whyNotPulled: (image) => attempt(`the image ${image} can't be asked for`, () => whyNotPulled(docker, image)),
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
    createVolume: ({ name: volume, labels, size }) =>
      attempt(`the volume ${volume} can't be made`, async () => {
        await docker.createVolume({
          Name: volume,
          Labels: { ...labels },
          // Whose it is is not known, so that it is everybody's.
          ...(size !== undefined && { DriverOpts: { type: "tmpfs", device: "tmpfs", o: `size=${size},mode=1777` } }),
        });
      }),
    folderOf: (volume) =>
      attempt(
        `the volume ${volume} can't be looked at`,
        async () => (await docker.getVolume(volume).inspect()).Mountpoint,
      ),
    createContainer: (spec) =>
      attempt(`the container ${spec.name} can't be made`, async () =>
        wrap(await docker.createContainer(toOptions(spec)), attempt, docker, dead),
      ),
    list: (label) => attempt("what is there can't be listed", () => list(docker, label, info.managesSwarm)),
    remove: (listed) => attempt(`the ${listed.kind} ${listed.name} can't be removed`, () => remove(docker, listed)),
    swarm: info.managesSwarm ? wrapSwarm(docker, attempt) : undefined,
    [Symbol.dispose]() {
      over.abort();
      connections.destroy();
      tunnel?.[Symbol.dispose]();
    },
  };
}

async function tooLong(engine: string, what: string, milliseconds: number, signal: AbortSignal): Promise<never> {
  await sleep(milliseconds, undefined, { signal });
  throw new WorldError(`the engine (${engine}) has not answered for ${milliseconds / 1000} s: ${what}`);
}
