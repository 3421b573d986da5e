/** How many files a process may have open: the soft limit of one that runs, which only Linux lets others set (prlimit of util-linux). */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { WorldError } from "../../errors.ts";
import { findExecutable } from "./executable.ts";

const run = promisify(execFile);
const tool = "prlimit";

/** Why limits can't be set here; undefined if they can. */
export function findLimitHindrance(): string | undefined {
  if (process.platform !== "linux")
    return `limits of what runs can be set on Linux only, and this is ${process.platform}`;
  return findExecutable(tool, process.env["PATH"] ?? "") === undefined ? `not on the PATH: ${tool}` : undefined;
}

async function prlimit(pid: number, ...rest: readonly string[]): Promise<string> {
  const { stdout } = await run(tool, [`--pid=${pid}`, ...rest], ownerOf(pid));
  return stdout.trim();
}

/** Whose process it is, if it is another's: a user may limit his own processes, and root (of a container) may not limit everybody's. */
function ownerOf(pid: number): { readonly uid?: number; readonly gid?: number } {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "latin1");
    const [uid, gid] = ["Uid", "Gid"].map((field) => Number(new RegExp(`^${field}:\\s*(\\d+)`, "m").exec(status)?.[1]));
    if (uid === undefined || gid === undefined || uid === process.getuid?.()) return {};
    return { uid, gid };
  } catch {
    // It was quicker, which prlimit finds out as well.
    return {};
  }
}

export interface OpenFilesLimit {
  /** From now on, for this process; undefined: as it was. */
  set(pid: number, to: number | undefined): Promise<void>;
}

export function createOpenFilesLimit(service: string): OpenFilesLimit {
  /** As it was before. */
  const before = new Map<number, string>();
  return {
    async set(pid, to) {
      try {
        if (!before.has(pid)) before.set(pid, await prlimit(pid, "--nofile", "--output=SOFT", "--noheadings"));
        // Nothing behind the colon: the hard limit stays.
        await prlimit(pid, `--nofile=${to ?? before.get(pid)}:`);
        if (to === undefined) before.delete(pid);
      } catch (error) {
        before.delete(pid);
        // It was quicker.
        if (/no such process/i.test(String(error))) return;
        throw new WorldError(`the limit of open files of ${service} can't be set: ${String(error)}`, { cause: error });
      }
    },
  };
}
