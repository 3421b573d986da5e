import { mkdir, open, readFile, readdir, rename, rm } from "node:fs/promises";
import { resolve } from "node:path";
import type { Files, OpenFile } from "../host.ts";

const flags = { write: "w", append: "a", "create-new": "wx" } as const;

export function createFiles(directory: string): Files {
  const at = (path: string): string => resolve(directory, path);
  return {
    read: (path) => readFile(at(path)),
    open: async (path, mode) => openFile(at(path), flags[mode]),
    rename: (from, to) => rename(at(from), at(to)),
    remove: (path) => rm(at(path), { recursive: true, force: true }),
    async makeDirectory(path) {
      await mkdir(at(path), { recursive: true });
    },
    list: async (path) => (await readdir(at(path))).sort(),
    async syncDirectory(path) {
      await using handle = await open(at(path), "r");
      await handle.sync();
    },
  };
}

async function openFile(path: string, flag: string): Promise<OpenFile> {
  const handle = await open(path, flag);
  return {
    async write(bytes) {
      const buffer = Buffer.from(bytes as Uint8Array);
      for (let written = 0; written < buffer.length;) {
        const { bytesWritten } = await handle.write(buffer, written);
        written += bytesWritten;
      }
    },
    sync: () => handle.sync(),
    [Symbol.asyncDispose]: () => handle.close(),
  };
}
