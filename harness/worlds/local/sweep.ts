/**
 * Kills what is left of a run: every process that carries its mark, in whatever session or state, until there is none.
 *
 * The mark is an environment variable, which children inherit unless they clear their environment.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

export const mark = "SINBIN_RUN";

/** A process that can't be killed (stuck in the kernel) must not make the harness hang. */
const patienceMs = 3000;
const pauseMs = 5;

export interface SweepOptions {
  readonly run: string;
  /** Other signs that a process belongs to the run. */
  readonly owns?: (pid: number) => boolean;
}

/** False if something would not die. */
export async function sweep(options: SweepOptions): Promise<boolean> {
  const patience = performance.now() + patienceMs;
  // Several rounds, since a process may fork between being listed and being killed.
  for (let left = findOwned(options); left.length > 0; left = findOwned(options)) {
    if (performance.now() > patience) return false;
    for (const pid of left) kill(pid);
    await sleep(pauseMs);
  }
  return true;
}

function findOwned({ run, owns = () => false }: SweepOptions): readonly number[] {
  const text = `${mark}=${run}`;
  const found = process.platform === "linux" ? findInProc(text, owns) : findByPs(text);
  return found.filter((pid) => pid !== process.pid);
}

function findInProc(text: string, owns: (pid: number) => boolean): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => environmentOf(pid).includes(text) || owns(pid));
}

/** A process that ends meanwhile, a zombie, and one of another user's have none to be read. */
function environmentOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1").split("\0");
  } catch {
    return [];
  }
}

/** `-E` is macOS's, for the processes of the caller. */
function findByPs(text: string): readonly number[] {
  return execFileSync("ps", ["-A", "-E", "-ww", "-o", "pid=,command="], { encoding: "utf8" })
    .split("\n")
    .filter((line) => line.split(" ").includes(text))
    .map((line) => Number.parseInt(line, 10));
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It was quicker.
  }
}
