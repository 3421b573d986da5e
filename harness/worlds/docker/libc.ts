/** Whether the processes of a container can have the library of virtual clocks: it is compiled here, for this architecture and glibc. */
import { glibcNeededBy, glibcOf, isAtLeast, loaderPaths } from "../../../host/clock/glibc.ts";
import { WorldError } from "../../errors.ts";
import { isImage } from "../../plan/kind.ts";
import type { Service } from "../../plan/schema.ts";
import type { Container, Engine } from "./engine.ts";
import type { Images } from "./images.ts";

/** Node's word for an architecture → that of images. */
const architectures: ReadonlyMap<string, string> = new Map([
  ["x64", "amd64"],
  ["arm64", "arm64"],
]);

export interface Tenant {
  readonly service: string;
  /** Its image, for what it is. */
  readonly image: string;
  readonly architecture: string;
  readonly container: Pick<Container, "read">;
}

/** @throws {WorldError} if they can't; nothing runs in the container for it. */
export async function checkLibc(
  library: Uint8Array,
  { service, image, architecture, container }: Tenant,
): Promise<void> {
  const refuse = (why: string): WorldError =>
    new WorldError(`${service} can't have a virtual clock: its image ${image} ${why}`);
  const own = architectures.get(process.arch);
  const path = loaderPaths.get(process.arch);
  if (own === undefined || path === undefined)
    throw refuse(`can't be told from others here: sinbin knows glibc on ${[...architectures.keys()].join(" and ")}`);
  if (architecture !== own) throw refuse(`is for ${architecture}, and the library is compiled here, for ${own}`);
  const loader = await container.read(path);
  if (loader === undefined) throw refuse(`has another C library than glibc (there is no ${path})`);
  const needed = glibcNeededBy(library);
  const found = glibcOf(loader);
  const wanted = `the library, which is compiled here, needs ${needed.major}.${needed.minor}`;
  if (found === undefined) throw refuse(`has another C library than glibc, or one before 2.33; ${wanted}`);
  if (!isAtLeast(found, needed)) throw refuse(`has glibc ${found.major}.${found.minor}; ${wanted}`);
}

/** What a service runs in. */
export async function imageOf(
  service: Service,
  { engine, images }: { readonly engine: Engine; readonly images: Images },
): Promise<Pick<Tenant, "image" | "architecture">> {
  const image = isImage(service)
    ? (await images.foreign(service)).name
    : (await images.ofProgram(service.program ?? "")).image;
  const found = await engine.findImage(image);
  if (found === undefined) throw new WorldError(`the image ${image} is not there any more`);
  return { image, architecture: found.architecture };
}
