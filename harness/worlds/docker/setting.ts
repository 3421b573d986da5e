/** The docker world as a setting: containers of an engine, in real time. */
import type { Host } from "../../../host/host.ts";
import type { Setting } from "../world.ts";
import { removeOrphans } from "./cleanup.ts";
import { connectEngine } from "./engine.ts";
import type { Engine } from "./engine.ts";
import { createImages } from "./images.ts";
import { dockerCapabilities, startDockerWorld } from "./world.ts";

export interface DockerSettingOptions {
  readonly host: Host;
  /** What takes long is shown, a line at a time. */
  readonly onProgress: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** @throws {WorldError} if no engine answers. */
export async function prepareDocker({ host, onProgress, signal }: DockerSettingOptions): Promise<() => Setting> {
  const engine: Engine = await connectEngine({ signal });
  await removeOrphans(engine);
  const images = createImages(engine, onProgress);
  return () => ({
    name: "docker",
    capabilities: dockerCapabilities(),
    clock: host.clock,
    realTime: true,
    start: (options) => startDockerWorld({ ...options, engine, images }),
    pass: (work) => work(),
  });
}
