/** The folder that a run leaves: what was planned, what happened, and what was made of it. */
import { dirname } from "node:path";
import type { Host, OpenFile } from "../../host/host.ts";
import { WorldError } from "../errors.ts";

export interface Folder {
  /** JSON, indented: people read it, and `diff` compares it. */
  write(name: string, value: unknown): Promise<void>;
  open(name: string): Promise<OpenFile>;
  /** A file as it is; the folders on its path are made. */
  keep(path: string, bytes: Uint8Array): Promise<void>;
  /** The folder and all that is in it. */
  remove(): Promise<void>;
}

export async function openFolder(host: Host, directory: string): Promise<Folder> {
  // A folder that is there already is another run's: nothing of it may be written over.
  if (await isThere(host, directory))
    throw new WorldError(`${directory} is there already: choose another folder with --out`);
  await host.files.makeDirectory(directory);
  return {
    async write(name, value) {
      await using file = await host.files.open(`${directory}/${name}`, "write");
      await file.write(`${JSON.stringify(value, undefined, 2)}\n`);
    },
    async keep(path, bytes) {
      await host.files.makeDirectory(dirname(`${directory}/${path}`));
      await using file = await host.files.open(`${directory}/${path}`, "write");
      await file.write(bytes);
    },
    open: (name) => host.files.open(`${directory}/${name}`, "write"),
    remove: () => host.files.remove(directory),
  };
}

async function isThere(host: Host, directory: string): Promise<boolean> {
  try {
    await host.files.list(directory);
    return true;
  } catch {
    return false;
  }
}
