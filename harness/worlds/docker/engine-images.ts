/** Images at an engine: looked for, pulled, built and removed. */
import type { Readable } from "node:stream";
import type Docker from "dockerode";
import { WorldError } from "../../errors.ts";
import type { BuildOptions, Image, OnProgress } from "./engine.ts";
import { reasonOf, statusOf } from "./engine-errors.ts";

export async function findImage(docker: Docker, image: string): Promise<Image | undefined> {
  try {
    const { Id, Config, Architecture } = await docker.getImage(image).inspect();
    return {
      id: Id,
      command: Config.Cmd ?? [],
      hasHealthCheck: "Healthcheck" in Config && Config.Healthcheck !== undefined && Config.Healthcheck !== null,
      architecture: Architecture,
      environment: Object.fromEntries(
        (Config.Env ?? []).map((entry) => [entry.split("=", 1)[0] ?? "", entry.slice(entry.indexOf("=") + 1)]),
      ),
    };
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}

/** Asks its registry. */
export async function whyNotPulled(docker: Docker, image: string): Promise<string | undefined> {
  try {
    await docker.getImage(image).distribution();
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}

export async function pull(docker: Docker, image: string, onProgress: OnProgress): Promise<void> {
  try {
    onProgress(`pulling ${image}`);
    if (process.env["DOCKER_HOST"]?.startsWith("ssh:") === true) await pullPublic(docker, image);
    else await pullWithCredentials(image);
    await docker.getImage(image).inspect();
  } catch (cause) {
    throw new WorldError(
      `the image ${image} is not there and can't be pulled: ${reasonOf(cause)}; pull or build it by hand, or log in to its registry`,
      { cause },
    );
  }
}

/** They are found as Docker's own command line finds them. */
async function pullWithCredentials(image: string): Promise<void> {
  const { getContainerRuntimeClient, ImageName } = await import("testcontainers");
  const { image: images } = await getContainerRuntimeClient();
  await images.pull(ImageName.fromString(image));
}

/** testcontainers speaks no ssh. */
async function pullPublic(docker: Docker, image: string): Promise<void> {
  const progress: NodeJS.ReadableStream = await docker.pull(image);
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(progress, (error) => (error === null ? resolve() : reject(error)));
  });
}

const keptLines = 20;

export async function build(
  docker: Docker,
  archive: Readable,
  options: BuildOptions,
  onProgress: OnProgress,
): Promise<void> {
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

export async function removeImages(docker: Docker, label: string): Promise<readonly string[]> {
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
