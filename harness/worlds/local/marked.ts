/**
 * The processes of a run, and those of one of its services: all that carry its mark, in whatever session or group, and their children.
 *
 * The mark is an environment variable, which children inherit unless they clear their environment. One that is just becoming another program has
 * no environment to be read, so that parents count as well.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";

export const mark = "SINBIN_RUN";
export const serviceMark = "SINBIN_SERVICE";

export interface Found {
  readonly pid: number;
  /** The id of its process group. */
  readonly group: number;
  /** By a signal. */
  readonly stopped: boolean;
}

export interface Marks {
  readonly run: string;
  /** Of this service only. */
  readonly service?: string;
  /** The main process of that service, if it has one. */
  readonly main?: () => number | undefined;
}

export function findMarked({ run, service, main }: Marks): readonly Found[] {
  const texts = [`${mark}=${run}`, ...(service === undefined ? [] : [`${serviceMark}=${service}`])];
  const all = process.platform === "linux" ? listInProc(texts) : listByPs(texts);
  const children = Map.groupBy(all, ({ parent }) => parent);
  const root = main?.();
  const found = new Set(all.filter(({ pid, marked }) => marked || pid === root));
  // What is added is gone through as well.
  for (const { pid } of found) for (const child of children.get(pid) ?? []) found.add(child);
  return [...found];
}

/** Does something to each of them, those included that they start meanwhile: until there are none that it was not done to. */
export function forEachMarked(marks: Marks, work: (found: Found) => void): void {
  const known = new Set<number>();
  for (;;) {
    const fresh = findMarked(marks).filter(({ pid }) => !known.has(pid));
    if (fresh.length === 0) return;
    for (const found of fresh) {
      known.add(found.pid);
      work(found);
    }
  }
}

/** False if it was quicker. */
export function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

/** Of every process that there is. */
export function listProcesses(): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

interface Listed extends Found {
  readonly parent: number;
  readonly marked: boolean;
}

function listInProc(texts: readonly string[]): readonly Listed[] {
  return listProcesses().flatMap((pid) => {
    const environment = contentOf(`/proc/${pid}/environ`).split("\0");
    const marked = texts.every((text) => environment.includes(text));
    // Behind the name, which may contain anything: state, parent, group.
    const [state = "", parent = "", group = ""] = contentOf(`/proc/${pid}/stat`).split(") ").at(-1)?.split(" ") ?? [];
    if (group === "" || state === "Z") return [];
    return [{ pid, parent: Number(parent), group: Number(group), stopped: state === "T", marked }];
  });
}

/** A process that ends meanwhile, a zombie, and one of another user's have none to be read. */
function contentOf(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

/** `-E` is macOS's, for the processes of the caller. */
function listByPs(texts: readonly string[]): readonly Listed[] {
  return execFileSync("ps", ["-A", "-E", "-ww", "-o", "pid=,ppid=,pgid=,stat=,command="], { encoding: "utf8" })
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [pid, parent, group, state = "", ...words] = line.trim().split(/\s+/);
      const marked = texts.every((text) => words.includes(text));
      return { pid: Number(pid), parent: Number(parent), group: Number(group), stopped: state.startsWith("T"), marked };
    });
}
