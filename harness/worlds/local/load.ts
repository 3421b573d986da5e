/**
 * Processes that want the CPU, all the time. Where they can be (Linux, taskset of util-linux), they and the service are kept to one CPU, the last
 * that the harness may use: so that they are in each other's way, and not in the harness's.
 */
import { execFile, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { WorldError } from "../../errors.ts";
import { findExecutable } from "./executable.ts";
import { findMarked, mark, serviceMark } from "./marked.ts";
import type { Marks } from "./marked.ts";

const run = promisify(execFile);
const busy = ["sh", "-c", "while :; do :; done"];

export interface Load {
  add(processes: number): Promise<AsyncDisposable>;
  /** Something of the service has begun meanwhile. */
  include(): Promise<void>;
}

export function createLoad(marks: Marks): Load {
  let loads = 0;
  /** What each process may use otherwise. */
  const before = new Map<number, string>();
  const cpus = cpusOf("self");
  const last = cpus?.split(/[,-]/).at(-1);
  const pinned = last !== undefined && findExecutable("taskset", process.env["PATH"] ?? "") !== undefined;

  /** Those included that are started meanwhile by one whose turn has not come. */
  const forEach = async (work: (pid: number) => Promise<void>): Promise<void> => {
    const known = new Set<number>();
    for (let any = true; any;) {
      const fresh = findMarked(marks).filter(({ pid }) => !known.has(pid));
      any = fresh.length > 0;
      for (const { pid } of fresh) {
        known.add(pid);
        await work(pid);
      }
    }
  };
  const pin = async (): Promise<void> => {
    if (!pinned || loads === 0) return;
    await forEach(async (pid) => {
      const own = cpusOf(String(pid));
      // A child that was started on the way has it from its parent.
      if (own !== undefined && own !== last && !before.has(pid)) before.set(pid, own);
      await keep(pid, last);
    });
  };
  /** A child of one that was kept to a CPU is, too, and what it would have had is what the harness has. */
  const release = async (): Promise<void> => {
    if (!pinned) return;
    const was = new Map(before);
    before.clear();
    await forEach((pid) => keep(pid, was.get(pid) ?? cpus ?? last));
  };

  return {
    include: pin,
    async add(processes) {
      await using started = new AsyncDisposableStack();
      loads += 1;
      started.defer(async () => {
        loads -= 1;
        if (loads === 0) await release();
      });
      const command = pinned ? ["taskset", "-c", last, ...busy] : busy;
      for (let n = 0; n < processes; n++) {
        const child = await start(command, marks.run);
        started.defer(() => end(child));
      }
      await pin();
      return started.move();
    },
  };
}

async function start([file = "", ...args]: readonly string[], run: string): Promise<ChildProcess> {
  try {
    // Marked as the run's, so that it is gone with it, whatever becomes of the harness; it is not the service's.
    const child = spawn(file, args, {
      env: { ...process.env, [mark]: run, [serviceMark]: "" },
      detached: true,
      stdio: "ignore",
    });
    await once(child, "spawn");
    return child;
  } catch (error) {
    throw new WorldError(`the CPU can't be kept busy: ${String(error)}`, { cause: error });
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
}

/** With all its threads. */
async function keep(pid: number, cpus: string): Promise<void> {
  try {
    await run("taskset", ["-a", "-p", "-c", cpus, String(pid)]);
  } catch {
    // It was quicker.
  }
}

/** As `0-3,6`; undefined where the system doesn't say. */
export function cpusOf(pid: string): string | undefined {
  try {
    return /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  } catch {
    return undefined;
  }
}
