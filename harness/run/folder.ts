/** The folder that a run leaves: what was planned, what happened, and what was made of it. */
import type { Host, OpenFile } from "../../host/host.ts";

export interface Folder {
  /** JSON, indented: people read it, and `diff` compares it. */
  write(name: string, value: unknown): Promise<void>;
  open(name: string): Promise<OpenFile>;
  /** The folder and all that is in it. */
  remove(): Promise<void>;
}

export async function openFolder(host: Host, directory: string): Promise<Folder> {
  await host.files.makeDirectory(directory);
  return {
    async write(name, value) {
      await using file = await host.files.open(`${directory}/${name}`, "write");
      await file.write(`${JSON.stringify(value, undefined, 2)}\n`);
    },
    open: (name) => host.files.open(`${directory}/${name}`, "write"),
    remove: () => host.files.remove(directory),
  };
}
