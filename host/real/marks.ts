/**
 * Which group a process says that it is of: a variable of the environment that its group was started with, which whatever it starts has from it. The one of a
 * group within a group takes the place of the outer one's. Who clears its environment says nothing.
 */
import { readFileSync } from "node:fs";
import { codeOf } from "../error-code.ts";
import { groupVariable } from "../host.ts";

/** Who is becoming another program has no environment for a moment. Who has none for so long has none. */
const becomingMs = 1000;

interface Known {
  readonly started: number;
  /** When it was read first, by the monotonic clock. */
  readonly since: number;
  readonly mark: string | undefined;
}

interface Marked {
  readonly pid: number;
  readonly started: number;
  readonly virtualBytes: number;
}

/** Remembers what it has read: each process is read once. */
export interface Marks {
  /** Empty if it has none, or nobody may know; undefined if that can't be known now. */
  of(process: Marked): string | undefined;
  /** Forgets all others. */
  keepOnly(processes: readonly Marked[]): void;
}

export function createMarks(): Marks {
  const known = new Map<number, Known>();
  return {
    of({ pid, started, virtualBytes }) {
      const now = performance.now();
      const found = known.get(pid);
      const before = found?.started === started ? found : { since: now, mark: undefined };
      if (before.mark !== undefined) return before.mark;
      // The kernel's own, and those that have ended, have no memory that an environment could be in.
      if (virtualBytes === 0) return "";
      const mark = readMark(pid) ?? (now - before.since > becomingMs ? "" : undefined);
      known.set(pid, { started, since: before.since, mark });
      return mark;
    },
    keepOnly(processes) {
      const pids = new Set(processes.map(({ pid }) => pid));
      for (const pid of known.keys()) if (!pids.has(pid)) known.delete(pid);
    },
  };
}

const unreadable: ReadonlySet<unknown> = new Set(["EACCES", "EPERM", "ENOENT", "ESRCH"]);

/** Undefined if its environment is empty. */
function readMark(pid: number): string | undefined {
  let environment: string;
  try {
    environment = readFileSync(`/proc/${pid}/environ`, "latin1");
  } catch (error) {
    if (unreadable.has(codeOf(error))) return "";
    throw error;
  }
  if (environment === "") return undefined;
  const beginning = `${groupVariable}=`;
  const variable = environment.split("\0").find((each) => each.startsWith(beginning));
  return variable?.slice(beginning.length) ?? "";
}
