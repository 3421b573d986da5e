/** A disk that is full or read-only for one program only: what the system would have refused, at the same places and with the same errors. */
import { stat } from "node:fs/promises";
import type { Stats } from "node:fs";
import { dirname, relative } from "node:path";
import { fileError, refusedDirectoryError } from "../disk/errors.ts";
import type { Refusal } from "../disk/disk.ts";
import type { Log } from "../host.ts";

export interface Refusals {
  open(path: string, mode: "write" | "append" | "create-new"): Promise<void>;
  /** `grows`: is the file longer afterwards? */
  write(grows: () => Promise<boolean>): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  makeDirectory(path: string): Promise<void>;
}

export interface RefusalOptions {
  /** What the log's paths are relative to. */
  readonly directory: string;
  readonly refusal: () => Refusal | undefined;
  readonly log: Log;
}

/** Each throws if the disk refuses. What fails for another reason first (nothing is there, a directory is in the way) is left to the system. */
export function createRefusals({ directory, refusal, log }: RefusalOptions): Refusals {
  const refuse = (code: Refusal, path: string | undefined, error: Error): never => {
    log("disk.refused", { code, ...(path !== undefined && { path: relative(directory, path) }) });
    throw error;
  };
  return {
    async open(path, mode) {
      const code = refusal();
      if (code === undefined) return;
      const found = await look(path);
      const systemRefuses =
        found === undefined ? !(await isDirectory(dirname(path))) : mode === "create-new" || found.isDirectory();
      if (!systemRefuses && (code === "EROFS" || found === undefined))
        refuse(code, path, fileError(code, "open", path));
    },
    async write(grows) {
      const code = refusal();
      if (code === "EROFS" || (code === "ENOSPC" && (await grows()))) refuse(code, undefined, fileError(code, "write"));
    },
    async rename(from, to) {
      const code = refusal();
      if (code !== "EROFS") return;
      if ((await isDirectory(dirname(from))) && (await isDirectory(dirname(to))))
        refuse(code, from, fileError(code, "rename", from, to));
    },
    async remove(path) {
      const code = refusal();
      const found = code === "EROFS" ? await look(path) : undefined;
      if (code !== undefined && found !== undefined)
        refuse(code, path, fileError(code, found.isDirectory() ? "rmdir" : "unlink", path));
    },
    async makeDirectory(path) {
      const code = refusal();
      if (code === undefined || (await look(path)) !== undefined) return;
      let missing = path;
      while ((await look(dirname(missing))) === undefined) missing = dirname(missing);
      if (await isDirectory(dirname(missing))) refuse(code, path, refusedDirectoryError(code, missing));
    },
  };
}

function look(path: string): Promise<Stats | undefined> {
  return stat(path).catch(() => undefined);
}

async function isDirectory(path: string): Promise<boolean> {
  return (await look(path))?.isDirectory() ?? false;
}
