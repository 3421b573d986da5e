/** What every object of a run carries, so that it can be found and removed, whatever became of the harness. */
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import type { Labels, Listed } from "./engine.ts";

export const runLabel = "sinbin.run";
const machineLabel = "sinbin.machine";
/** The process id of the harness. */
export const pidLabel = "sinbin.pid";
const startLabel = "sinbin.start";

/** On images that sinbin has built. */
export const imageLabel = "sinbin.image";

export function labelsOf(run: string): Labels {
  return {
    [runLabel]: run,
    [machineLabel]: machine(),
    [pidLabel]: String(process.pid),
    [startLabel]: startOf(process.pid) ?? "",
  };
}

/** Whether the harness that made it is known to be gone. Of one on another machine nothing is known. */
export function isOrphan({ labels }: Listed): boolean {
  if (labels[machineLabel] !== machine()) return false;
  const start = startOf(Number(labels[pidLabel]));
  return start === undefined || start !== labels[startLabel];
}

/** Process ids mean something in one PID namespace of one boot of one machine; when its first process was started tells namespaces apart. */
function machine(): string {
  return [hostname(), contentOf("/proc/sys/kernel/random/boot_id").trim(), startOf(1) ?? ""].join(" ");
}

/** When a process was started, so that another one with its id is not taken for it; undefined if there is none, or if it is dead and nobody has asked yet. */
function startOf(pid: number): string | undefined {
  if (process.platform !== "linux") return isThere(pid) ? "" : undefined;
  const fields = contentOf(`/proc/${pid}/stat`).split(") ").at(-1)?.split(" ") ?? [];
  return fields[0] === "Z" ? undefined : fields[19];
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
