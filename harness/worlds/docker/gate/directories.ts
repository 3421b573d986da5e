/**
 * A service's directories in the gate: its volumes are mounted there, too.
 *
 *     /services/NAME/home    what it calls its directory
 *     /services/NAME/room    what its host is told, and writes down: the control file, the journal, certificates
 */
import { lchown, mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve, sep } from "node:path";
import { WorldError } from "../../../errors.ts";

/** In the room. */
export const clockPage = "clock";
export const clockLibraryFile = "clock.so";

export interface Paths {
  readonly directory: string;
  readonly room: string;
  readonly control: string;
  readonly journal: string;
  readonly seed: string;
  readonly resolvConf: string;
  /** The page of its virtual clock. */
  readonly clock: string;
}

export function pathsOf(service: string): Paths {
  const root = join("/services", service);
  const room = join(root, "room");
  const at = (name: string): string => join(room, name);
  return {
    directory: join(root, "home"),
    room,
    control: at("control"),
    journal: at("journal"),
    seed: at("seed"),
    resolvConf: at("resolv.conf"),
    clock: at(clockPage),
  };
}

export interface Contents {
  readonly owner: number;
  readonly files: readonly File[];
  readonly secrets: readonly File[];
}

interface File {
  readonly path: string;
  /** Base64. */
  readonly bytes: string;
}

/** @throws {WorldError} for a file beyond the directory. */
export async function prepareDirectories(service: string, { owner, files, secrets }: Contents): Promise<void> {
  const paths = pathsOf(service);
  for (const [directory, contents] of [
    [paths.directory, files],
    [paths.room, secrets],
  ] as const) {
    await mkdir(directory, { recursive: true });
    // It may be a volume of a foreign image, which knows whose it is.
    if (owner !== 0) await lchown(directory, owner, owner);
    for (const { path, bytes } of contents) await write(service, directory, path, Buffer.from(bytes, "base64"));
  }
  await adopt(paths);
}

async function write(service: string, directory: string, path: string, bytes: Uint8Array): Promise<void> {
  const target = resolve(directory, path);
  if (!target.startsWith(`${directory}${sep}`))
    throw new WorldError(`${service} can't have the file ${path}: write a path within its directory`);
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, bytes);
}

/** What the gate has made, as root, gets the owner of the directory that it is in. */
export async function adopt({ directory, room }: Paths): Promise<void> {
  for (const top of [directory, room]) await hand(top);
}

async function hand(directory: string): Promise<void> {
  const { uid, gid } = await stat(directory);
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    // A service may remove it meanwhile.
    const found = await stat(path).catch(() => undefined);
    if (found?.uid === 0 && uid !== 0) await lchown(path, uid, gid).catch(() => {});
    if (entry.isDirectory()) await hand(path).catch(() => {});
  }
}
