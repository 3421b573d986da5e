/**
 * The images that a run needs, each made or fetched once: sinbin's own, in which programs and the gate run; one above it for programs that lie elsewhere;
 * and those that a plan names. A tag is a digest of all that is in the image, so that whatever is there by that name is right.
 */
import { createHash } from "node:crypto";
import { dirname, join, relative, resolve, sep } from "node:path";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Readable } from "node:stream";
import { WorldError } from "../../errors.ts";
import { imageLabel } from "./labels.ts";
import { archiveFolder } from "./archive.ts";
import { readContext } from "./context.ts";
import type { BuildContext } from "./context.ts";
import type { BuildOptions, Engine, Image, Labels, OnProgress } from "./engine.ts";

export interface Images {
  /** That of the gate, and of programs of sinbin's own. */
  own(): Promise<string>;
  /** The command line, for other machines. */
  tool(): Promise<string>;
  /** Where a program runs, and by which path. */
  ofProgram(program: string): Promise<{ readonly image: string; readonly program: string }>;
  /** A plan's `image` or `build`, with what it runs by itself. */
  foreign(source: Source): Promise<Image & { readonly name: string }>;
}

/** What a plan says of an image: exactly one of the two. */
export interface Source {
  readonly image?: string | undefined;
  readonly build?:
    | {
        readonly context: string;
        readonly dockerfile?: string | undefined;
        readonly target?: string | undefined;
        readonly args?: Readonly<Record<string, string>> | undefined;
      }
    | undefined;
}

const usualBase = "node:24-bookworm-slim";

/** What sinbin's own image is built on. */
export function baseImage(): string {
  return process.env["SINBIN_BASE_IMAGE"] ?? usualBase;
}

const home = resolve(fileURLToPath(new URL("../../..", import.meta.url)));
/** Where sinbin is in its image. */
export const homeInImage = "/opt/sinbin";
const label: Labels = { [imageLabel]: "built" };

export function createImages(engine: Engine, onProgress: OnProgress): Images {
  const made = new Map<string, Promise<unknown>>();
  /** What failed is tried again by whoever comes next. */
  const once = <Result>(key: string, work: () => Promise<Result>): Promise<Result> => {
    const known = made.get(key) as Promise<Result> | undefined;
    if (known !== undefined) return known;
    const working = work();
    made.set(key, working);
    working.catch(() => made.delete(key));
    return working;
  };
  const context = (): Promise<BuildContext> => once("context", () => readContext(home, ["Dockerfile"]));
  const build = async (tag: string, archive: () => Readable, options: Partial<BuildOptions> = {}): Promise<void> => {
    if ((await engine.findImage(tag)) !== undefined) return;
    onProgress(`building ${tag}`);
    await engine.build(archive(), { tag, labels: label, ...options }, onProgress);
  };

  const images: Images = {
    own: () =>
      once("own", async () => {
        const { digest, archive } = await context();
        const base = baseImage();
        const suffix = base === usualBase ? "" : `-${createHash("sha256").update(base).digest("hex").slice(0, 8)}`;
        const tag = `sinbin-programs:${digest}${suffix}`;
        await build(tag, archive, { target: "programs", args: { BASE: base } });
        return tag;
      }),

    tool: () =>
      once("tool", async () => {
        const { archive } = await context();
        const base = process.env["SINBIN_BASE_IMAGE"];
        const tag = `sinbin-tool:${(await describeOwn()).digest}`;
        await build(tag, archive, { target: "tool", ...(base !== undefined && { args: { BASE: base } }) });
        return tag;
      }),

    async ofProgram(program) {
      const path = resolve(program);
      const inside = relative(home, path);
      if ((await context()).files.includes(inside.split(sep).join("/")))
        return { image: await images.own(), program: join(homeInImage, inside) };
      const isInside = !inside.startsWith("..");
      const folder = isInside ? dirname(path) : projectOf(path);
      const place = isInside ? join(homeInImage, relative(home, folder)) : folder;
      const image = await once(`program ${folder}`, () => layProgram(folder, place));
      return { image, program: join(place, relative(folder, path)) };
    },

    foreign: ({ image, build: built }) =>
      once(JSON.stringify([image, built]), async () => {
        const name = image ?? (await buildForeign(built));
        const found = (await engine.findImage(name)) ?? (await pulled(name));
        return { ...found, name };
      }),
  };
  return images;

  /** An image with a project in it, at the place that it has here: what it imports by relative paths is where it looks. */
  async function layProgram(folder: string, place: string): Promise<string> {
    const own = await images.own();
    const { files, digest } = await readContext(folder);
    const tag = `sinbin-program:${own.split(":")[1]}-${digest}`;
    const lines = [`FROM ${own}`, "USER root", `COPY project ${place}`];
    if (!place.startsWith(homeInImage))
      lines.push(
        `RUN [ -e ${quoted(home)} ] || { mkdir -p ${quoted(dirname(home))} && ln -s ${homeInImage} ${quoted(home)}; }`,
      );
    const dockerfile = [...lines, "USER node", ""].join("\n");
    await build(tag, () => archiveFolder(folder, files, { below: "project/", besides: { Dockerfile: dockerfile } }));
    return tag;
  }

  async function buildForeign(built: Source["build"]): Promise<string> {
    if (built === undefined) throw new Error("a service without an image and a folder to build one from");
    const { context: folder, dockerfile = "Dockerfile", target, args = {} } = built;
    const { digest, archive } = await readContext(folder, [dockerfile]);
    const how = createHash("sha256")
      .update(JSON.stringify([dockerfile, target, args]))
      .digest("hex")
      .slice(0, 8);
    const tag = `sinbin-build:${digest}-${how}`;
    await build(tag, archive, { dockerfile, target, args });
    return tag;
  }

  async function pulled(name: string): Promise<Image> {
    await engine.pull(name, onProgress);
    const found = await engine.findImage(name);
    if (found === undefined) throw new WorldError(`the image ${name} was pulled and is not there`);
    return found;
  }
}

export interface Own {
  /**
   * Of all that a run depends on. Plans and pages are in the image as well; that they change makes no other image, since plans that are run elsewhere are
   * brought there. It is the same in the image as it is here.
   */
  readonly digest: string;
  /** The path in the image of a file of sinbin's own; undefined if it isn't there. */
  pathInImage(path: string): string | undefined;
}

/** What the image of the command line has of sinbin. */
export async function describeOwn(): Promise<Own> {
  const { files, digestOf } = await readContext(home, ["Dockerfile"]);
  return {
    digest: digestOf((file) => !isPage(file) && !isPlan(file)),
    pathInImage(path) {
      const inside = relative(home, resolve(path)).split(sep).join("/");
      return files.includes(inside) ? join(homeInImage, inside) : undefined;
    },
  };
}

const isPage = (file: string): boolean => /^docs\/|\.md$|^LICENSE$/.test(file);
const isPlan = (file: string): boolean => /^suites\/.*\.ya?ml$/.test(file) && !file.endsWith("/subject.yaml");

/** The same images for one run, which waits for none of them once it is interrupted. They are everybody's, so that whoever makes them goes on. */
export function untilInterrupted(images: Images, signal: AbortSignal): Images {
  const wait = async <Result>(work: Promise<Result>): Promise<Result> => {
    const interrupted = Promise.withResolvers<never>();
    const interrupt = (): void => interrupted.reject(signal.reason);
    if (signal.aborted) interrupt();
    signal.addEventListener("abort", interrupt, { once: true });
    try {
      return await Promise.race([work, interrupted.promise]);
    } finally {
      signal.removeEventListener("abort", interrupt);
    }
  };
  return {
    own: () => wait(images.own()),
    tool: () => wait(images.tool()),
    ofProgram: (program) => wait(images.ofProgram(program)),
    foreign: (source) => wait(images.foreign(source)),
  };
}

/** The nearest folder with a package.json: what is in it goes along, its packages too. */
function projectOf(path: string): string {
  const own = dirname(path);
  for (let folder = own; folder !== dirname(folder); folder = dirname(folder))
    if (existsSync(join(folder, "package.json"))) return folder;
  return own;
}

function quoted(path: string): string {
  return `'${path.replaceAll("'", "'\\''")}'`;
}
