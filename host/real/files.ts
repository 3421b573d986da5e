/** Files of the system. What a program changes is written down for worlds that let the power fail, and refused for those that fill the disk. */
import { mkdir, open, readFile, readdir, rename, rm } from "node:fs/promises";
import { relative, resolve } from "node:path";
import type { Refusal } from "../disk/disk.ts";
import { codeOf } from "../error-code.ts";
import type { Operation } from "../disk/journal.ts";
import type { Files, Log } from "../host.ts";
import type { Journal } from "./journal.ts";
import { takeLock } from "./lock.ts";
import { createRefusals } from "./refusal.ts";

const flags = { write: "w", append: "a", "create-new": "wx" } as const;

export interface FilesOptions {
  readonly directory: string;
  /** Told of everything that has changed in the directory. */
  readonly journal?: Journal | undefined;
  /** Does the disk refuse to be written, and why? Asked before each change. */
  readonly refusal: () => Refusal | undefined;
  readonly log: Log;
}

export function createFiles({ directory, journal, refusal, log }: FilesOptions): Files {
  const at = (path: string): string => resolve(directory, path);
  const within = (path: string): string => relative(directory, at(path));
  const refusals = createRefusals({ directory, refusal, log });
  let last: Promise<unknown> = Promise.resolve();
  let opened = 0;

  const noticing = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    try {
      return await work();
    } catch (error) {
      if (codeOf(error) === "EMFILE") log("limits.refused", { limit: "open-files" });
      throw error;
    }
  };
  /** A journal tells in which order things were done: so they are done in order, and what is outside of the directory is none of its business. */
  const change = <Result>(operation: Operation, work: () => Promise<Result>, bytes?: Uint8Array): Promise<Result> => {
    if (journal === undefined) return noticing(work);
    const done = last.then(async () => {
      const result = await noticing(work);
      if (!leavesDirectory(operation)) journal(operation, bytes);
      return result;
    });
    last = done.catch(() => undefined);
    return done;
  };

  return {
    read: (path) => noticing(() => readFile(at(path))),
    open(path, mode, { ownerOnly = false } = {}) {
      const file = (opened += 1);
      return change({ do: "open", file, path: within(path), mode }, async () => {
        await refusals.open(at(path), mode);
        const handle = await open(at(path), flags[mode], ownerOnly ? 0o600 : 0o666);
        // It may have been there. A file system without modes is no reason to write nothing.
        if (ownerOnly) await handle.chmod(0o600).catch(() => undefined);
        let position = 0;
        const grows = async (length: number): Promise<boolean> =>
          mode === "append" || position + length > (await handle.stat()).size;
        return {
          write(given) {
            const bytes = Buffer.from(given as Uint8Array);
            const work = async (): Promise<void> => {
              // A handle that was closed fails as such.
              if (bytes.length > 0 && handle.fd >= 0) await refusals.write(() => grows(bytes.length));
              for (let written = 0; written < bytes.length;) {
                const { bytesWritten } = await handle.write(bytes, written);
                written += bytesWritten;
              }
              position += bytes.length;
            };
            return change({ do: "write", file }, work, bytes);
          },
          sync: () => change({ do: "sync", file }, () => handle.sync()),
          [Symbol.asyncDispose]: () => change({ do: "close", file }, () => handle.close()),
        };
      });
    },
    rename: (from, to) =>
      change({ do: "rename", from: within(from), to: within(to) }, async () => {
        await refusals.rename(at(from), at(to));
        await rename(at(from), at(to));
      }),
    remove: (path) =>
      change({ do: "remove", path: within(path) }, async () => {
        await refusals.remove(at(path));
        await rm(at(path), { recursive: true, force: true });
      }),
    makeDirectory: (path) =>
      change({ do: "make-directory", path: within(path) }, async () => {
        await refusals.makeDirectory(at(path));
        await mkdir(at(path), { recursive: true });
      }),
    list: async (path) => (await noticing(() => readdir(at(path)))).sort(),
    syncDirectory: (path) =>
      change({ do: "sync-directory", path: within(path) }, async () => {
        await using handle = await open(at(path), "r");
        await handle.sync();
      }),
    lock: (path) => noticing(() => takeLock(at(path))),
  };
}

function leavesDirectory(operation: Operation): boolean {
  const paths = "path" in operation ? [operation.path] : "from" in operation ? [operation.from, operation.to] : [];
  return paths.some((path) => path === ".." || path.startsWith("../"));
}
