/** What an engine does as a manager of a swarm. It shares the engine's client, and its promise that nothing hangs (engine.ts). */
import type Docker from "dockerode";
import type { Labels } from "./engine.ts";

export interface SwarmEngine {
  nodes(): Promise<readonly SwarmNode[]>;
  createConfig(config: { readonly name: string; readonly labels: Labels; readonly data: string }): Promise<string>;
  /** A service that runs once, on one node, and is not started again. */
  createJob(job: JobSpec): Promise<string>;
  /** All that carry a label, `key=value`. */
  tasks(label: string): Promise<readonly SwarmTask[]>;
  /** What a job wrote to its standard output until now, as far as its node tells. */
  output(service: string): Promise<Buffer>;
  removeService(id: string): Promise<void>;
}

export interface SwarmNode {
  readonly id: string;
  readonly hostname: string;
  /** It answers, and what it runs goes on. */
  readonly ready: boolean;
  /** It takes new tasks. */
  readonly active: boolean;
  readonly cpus: number;
}

export interface JobSpec {
  readonly name: string;
  readonly labels: Labels;
  readonly image: string;
  readonly entrypoint: readonly string[];
  readonly args: readonly string[];
  /** Its id. */
  readonly node: string;
  /** Path in the container → id and name of a config. */
  readonly files: ReadonlyMap<string, { readonly id: string; readonly name: string }>;
}

export interface SwarmTask {
  readonly service: string;
  /** The engine's word: new, pending, …, running, complete, failed, rejected, shutdown, orphaned. */
  readonly state: string;
  /** Why it is in it, if that is bad. */
  readonly error: string;
  readonly exitCode: number | undefined;
}

type Attempt = <Result>(what: string, work: () => Promise<Result>) => Promise<Result>;

const everybodyReads = 0o444;
const nanosecondsPerCpu = 1e9;

export function wrapSwarm(docker: Docker, attempt: Attempt): SwarmEngine {
  return {
    nodes: () =>
      attempt("the nodes of the swarm can't be listed", async () =>
        ((await docker.listNodes()) as readonly RawNode[]).map(({ ID, Spec, Status, Description }) => ({
          id: ID,
          hostname: Description?.Hostname ?? ID,
          ready: Status?.State === "ready" && Spec?.Availability !== "drain",
          active: Spec?.Availability === "active",
          cpus: (Description?.Resources?.NanoCPUs ?? nanosecondsPerCpu) / nanosecondsPerCpu,
        })),
      ),
    createConfig: ({ name, labels, data }) =>
      attempt(`the config ${name} can't be made`, async () => {
        const config = await docker.createConfig({
          Name: name,
          Labels: { ...labels },
          Data: Buffer.from(data).toString("base64"),
        });
        return config.id;
      }),
    createJob: (spec) =>
      attempt(`the job ${spec.name} can't be made`, async () => {
        // A specification that stands alone is sent as credentials, too.
        const created = await docker.createService(noCredentials, toService(spec));
        return created.id;
      }),
    tasks: (label) =>
      attempt("the tasks of the swarm can't be listed", async () =>
        ((await docker.listTasks({ filters: JSON.stringify({ label: [label] }) })) as readonly RawTask[]).map(
          ({ ServiceID, Status }) => ({
            service: ServiceID,
            state: Status.State,
            error: Status.Err ?? "",
            exitCode: Status.ContainerStatus?.ExitCode,
          }),
        ),
      ),
    output: (service) =>
      attempt("what a job wrote can't be fetched", async () => {
        const logs: unknown = await docker.getService(service).logs({ stdout: true, stderr: false });
        return standardOutput(Buffer.isBuffer(logs) ? logs : Buffer.from(String(logs), "latin1"));
      }),
    removeService: (id) => attempt("a job can't be removed", () => removeService(docker, id)),
  };
}

export async function removeService(docker: Docker, id: string): Promise<void> {
  try {
    await docker.getService(id).remove();
  } catch (error) {
    // Somebody else has removed it.
    if (!(error instanceof Error && "statusCode" in error && error.statusCode === 404)) throw error;
  }
}

const noCredentials = undefined as unknown as Docker.AuthConfig;

function toService({ name, labels, image, entrypoint, args, node, files }: JobSpec): Docker.ServiceSpec {
  const service: object = {
    Name: name,
    Labels: { ...labels },
    TaskTemplate: {
      ContainerSpec: {
        Image: image,
        Labels: { ...labels },
        Command: [...entrypoint],
        Args: [...args],
        Init: true,
        // Nothing of it is worth waiting for.
        StopSignal: "SIGKILL",
        StopGracePeriod: nanosecondsPerCpu,
        Configs: [...files].map(([path, { id, name: config }]) => ({
          ConfigID: id,
          ConfigName: config,
          File: { Name: path, UID: "0", GID: "0", Mode: everybodyReads },
        })),
      },
      RestartPolicy: { Condition: "none" },
      Placement: { Constraints: [`node.id==${node}`] },
      // Whatever the node does with what containers write: this is where we read.
      LogDriver: { Name: "json-file", Options: {} },
    },
    Mode: { ReplicatedJob: { MaxConcurrent: 1, TotalCompletions: 1 } },
  };
  // The types do not know jobs.
  return service;
}

/** Several streams in one, each piece behind a head of eight bytes: which one it is of, and how long. */
function standardOutput(bytes: Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at + 8 <= bytes.length;) {
    const end = at + 8 + bytes.readUInt32BE(at + 4);
    if (bytes[at] === 1) pieces.push(bytes.subarray(at + 8, end));
    at = end;
  }
  return Buffer.concat(pieces);
}

interface RawNode {
  readonly ID: string;
  readonly Spec?: { readonly Availability?: string };
  readonly Status?: { readonly State?: string };
  readonly Description?: { readonly Hostname?: string; readonly Resources?: { readonly NanoCPUs?: number } };
}

interface RawTask {
  readonly ServiceID: string;
  readonly Status: {
    readonly State: string;
    readonly Err?: string;
    readonly ContainerStatus?: { readonly ExitCode?: number };
  };
}
