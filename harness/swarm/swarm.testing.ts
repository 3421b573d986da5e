/**
 * A real swarm for tests: three engines of their own on this machine, whose network namespaces a bridge joins. The first one is the manager.
 *
 *     swarm-1 10.99.0.11 ──┐
 *     swarm-2 10.99.0.12 ──┼── bridge
 *     swarm-3 10.99.0.13 ──┘
 */
import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";
import { connectEngine } from "../worlds/docker/engine.ts";
import { createImages } from "../worlds/docker/images.ts";
import { loadImage, startOwnEngine } from "../worlds/docker/own-engine.testing.ts";
import type { OwnEngine } from "../worlds/docker/own-engine.testing.ts";

const call = promisify(execFile);
const nodes = [1, 2, 3] as const;
type Node = (typeof nodes)[number];

export interface ThreeEngines extends AsyncDisposable {
  /** How the manager is reached: a value for `DOCKER_HOST`. */
  readonly manager: string;
  /** What docker's own command line says, of the n-th engine. */
  docker(n: Node, ...args: readonly string[]): Promise<string>;
  /** The power of one of them fails. */
  kill(n: Node): void;
}

/** Why there can't be one here; undefined if there can. */
export function findHindrance(): string | undefined {
  if (process.platform !== "linux") return "it needs Linux";
  if (process.getuid?.() !== 0) return "only root can start engines";
  for (const tool of ["docker", "dockerd", "ip", "nsenter", "unshare"])
    if (spawnSync("sh", ["-c", `command -v ${tool}`]).status !== 0) return `${tool} is missing`;
  if (spawnSync("docker", ["version"]).status !== 0) return "no engine answers that could build the image";
  return undefined;
}

/** With sinbin's image at each of them. */
export async function startThreeEngines(): Promise<ThreeEngines> {
  await using stack = new AsyncDisposableStack();
  using ours = await connectEngine();
  const making = createImages(ours, () => {}).tool();
  making.catch(() => {});
  const name = `sinbin-swarm-${process.pid}`;
  await joinNetworks(name, stack);
  const started = await Promise.allSettled(
    nodes.map((n) => startOwnEngine({ network: `${name}-${n}`, host: `swarm-${n}` }).then((one) => stack.use(one))),
  );
  const failed = started.find((each) => each.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  const [first, second, third] = started.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  if (first === undefined || second === undefined || third === undefined) throw new Error("three have been started");
  const engines = { 1: first, 2: second, 3: third };
  const docker: ThreeEngines["docker"] = (n, ...args) => ask(engines[n], ...args);
  await docker(1, "swarm", "init", "--advertise-addr", addressOf(1), "--dispatcher-heartbeat", "2s");
  const token = await docker(1, "swarm", "join-token", "--quiet", "worker");
  for (const n of [2, 3] as const)
    await docker(n, "swarm", "join", "--token", token, "--advertise-addr", addressOf(n), `${addressOf(1)}:2377`);
  await loadImage(await making, [first, second, third]);
  const owned = stack.move();
  return {
    manager: first.address,
    docker,
    kill: (n) => engines[n].signal("SIGKILL"),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function addressOf(n: Node): string {
  return `10.99.0.1${n}`;
}

async function ask({ socket }: OwnEngine, ...args: readonly string[]): Promise<string> {
  const { stdout } = await call("docker", ["--host", `unix://${socket}`, ...args]);
  return stdout.trim();
}

async function ip(...words: readonly string[]): Promise<void> {
  await call("ip", words);
}

/** Network namespaces called NAME-1 to NAME-3, each with an address, and NAME-0 with the bridge between them. */
async function joinNetworks(name: string, stack: AsyncDisposableStack): Promise<void> {
  const add = async (namespace: string): Promise<void> => {
    await ip("netns", "add", namespace);
    stack.defer(() => ip("netns", "delete", namespace));
  };
  const middle = `${name}-0`;
  await add(middle);
  await ip("-n", middle, "link", "add", "bridge", "type", "bridge");
  await ip("-n", middle, "link", "set", "bridge", "up");
  for (const n of nodes) {
    const own = `${name}-${n}`;
    await add(own);
    await ip("-n", middle, ..."link add".split(" "), `port${n}`, ..."type veth peer name eth0 netns".split(" "), own);
    await ip("-n", middle, "link", "set", `port${n}`, "master", "bridge", "up");
    await ip("-n", own, "link", "set", "lo", "up");
    await ip("-n", own, "address", "add", `${addressOf(n)}/24`, "dev", "eth0");
    await ip("-n", own, "link", "set", "eth0", "up");
  }
}
