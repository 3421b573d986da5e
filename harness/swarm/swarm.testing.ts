/** A real swarm for tests: three engines on this machine, each in network, process and mount namespaces of its own (fixtures/three-engines). */
import { execFile, spawnSync } from "node:child_process";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { connectEngine } from "../worlds/docker/engine.ts";
import { createImages } from "../worlds/docker/images.ts";

const call = promisify(execFile);
const script = fileURLToPath(new URL("fixtures/three-engines", import.meta.url));

export interface ThreeEngines extends AsyncDisposable {
  /** How the manager is reached: a value for `DOCKER_HOST`. */
  readonly manager: string;
  /** What docker's own command line says, of the n-th engine. */
  docker(n: number, ...args: readonly string[]): Promise<string>;
  /** The power of one of them fails. */
  kill(n: number): Promise<void>;
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
  const folder = await mkdtemp(join(tmpdir(), "sinbin-swarm-"));
  stack.defer(async () => void (await call(script, ["down", folder])));
  using engine = await connectEngine();
  const [image] = await Promise.all([createImages(engine, () => {}).tool(), call(script, ["up", folder])]);
  await call(script, ["load", folder, image]);
  const owned = stack.move();
  return {
    manager: `unix://${folder}/1.sock`,
    async docker(n, ...args) {
      const { stdout } = await call("docker", ["--host", `unix://${folder}/${n}.sock`, ...args]);
      return stdout.trim();
    },
    kill: async (n) => void (await call(script, ["kill", folder, String(n)])),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
