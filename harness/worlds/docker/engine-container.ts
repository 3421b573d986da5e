/** One container of an engine: how it is made, and what can be done with it. */
import { posix } from "node:path";
import { PassThrough } from "node:stream";
import type Docker from "dockerode";
import type { Container, ContainerLimits, ContainerSpec } from "./engine.ts";
import { WorldError } from "../../errors.ts";
import { readArchive } from "./archive.ts";
import { reasonOf, statusOf } from "./engine-errors.ts";
import { joinPipes } from "./pipes.ts";

/** Characters that are kept of what a process complains of. */
const complaintLength = 4000;
/** As Linux has it. */
const mostLinks = 40;

/** Tries something at the engine, within its patience. @throws {WorldError} that says what was tried. */
export type Attempt = <Result>(what: string, work: () => Promise<Result>) => Promise<Result>;

export function wrap(container: Docker.Container, attempt: Attempt, docker: Docker, dead: Promise<never>): Container {
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
    read: (path) => attempt(`files of ${called} can't be looked at`, () => readFile(container, path)),
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
      try {
        const { StatusCode } = (await container.wait()) as { readonly StatusCode: number };
        return StatusCode;
      } catch (cause) {
        throw new WorldError(`nobody tells when ${called} ends: ${reasonOf(cause)}`, { cause });
      }
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
        dead.catch(() => stream.destroy());
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

/** An engine follows the links of folders, and not that of the file itself. */
async function readFile(container: Docker.Container, path: string, links = 0): Promise<Uint8Array | undefined> {
  if (links > mostLinks) return undefined;
  let archive: NodeJS.ReadableStream;
  try {
    archive = await container.getArchive({ path });
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
  const found = await readArchive(archive);
  if (found?.link === undefined) return found?.bytes;
  return readFile(container, posix.resolve(posix.dirname(path), found.link), links + 1);
}

export function toOptions(spec: ContainerSpec): Docker.ContainerCreateOptions {
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
