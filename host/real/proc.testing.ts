/** What processes and shells tell of themselves. */
import { readdirSync, readlinkSync } from "node:fs";

/** Processes whose working directory is this one, or below it. */
export function pidsBelow(directory: string): readonly number[] {
  const isThere = (name: string): boolean => {
    const cwd = workingDirectoryOf(name);
    return cwd === directory || cwd.startsWith(`${directory}/`);
  };
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && isThere(name))
    .map(Number);
}

/** Nothing if it has gone. */
function workingDirectoryOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return "";
  }
}

/** What a shell's `times` says that it and those whom it has waited for have taken. */
export function millisecondsOf(times: string): number {
  return [...times.matchAll(/(\d+)m([\d.]+)s/g)]
    .map(([, minutes, seconds]) => Number(minutes) * 60_000 + Number(seconds) * 1000)
    .reduce((sum, each) => sum + each, 0);
}
