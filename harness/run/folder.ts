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

/** What a run writes before all else. */
const first = "plan.json";

export async function openFolder(host: Host, directory: string): Promise<Folder> {
  // Nothing of another run's may be written over; folders of controls may be there, which lie in that of their run.
  if (await hasRun(host, directory))
    throw new WorldError(`${directory} has a run already: choose another folder with --out`);
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

async function hasRun(host: Host, directory: string): Promise<boolean> {
  const names = await host.files.list(directory).catch((): readonly string[] => []);
  return names.includes(first);
}
