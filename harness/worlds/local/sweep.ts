/** Kills what is left of a run: every process that carries its mark, in whatever session or state, until there is none. */
import { setTimeout as sleep } from "node:timers/promises";
import { findMarked, listProcesses, send } from "./marked.ts";
import type { Marks } from "./marked.ts";

/** A process that can't be killed (stuck in the kernel) must not make the harness hang. */
const patienceMs = 3000;
const pauseMs = 5;

export interface SweepOptions extends Marks {
  /** Other signs that a process belongs to the run; asked on Linux only. */
  readonly owns?: (pid: number) => boolean;
}

/** False if something would not die. */
export async function sweep(options: SweepOptions): Promise<boolean> {
  const patience = performance.now() + patienceMs;
  // Several rounds, since a process may fork between being listed and being killed.
  for (let left = findOwned(options); left.length > 0; left = findOwned(options)) {
    if (performance.now() > patience) return false;
    for (const pid of left) send(pid, "SIGKILL");
    await sleep(pauseMs);
  }
  return true;
}

function findOwned({ owns, ...marks }: SweepOptions): readonly number[] {
  const found = new Set(findMarked(marks).map(({ pid }) => pid));
  if (owns !== undefined && process.platform === "linux")
    for (const pid of listProcesses()) if (owns(pid)) found.add(pid);
  found.delete(process.pid);
  return [...found];
}
