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
  readonly parent: number;
  /** The id of its process group. */
  readonly group: number;
  /** By a signal. */
  readonly stopped: boolean;
  /** For the kernel, which it doesn't interrupt: such as a parent for its child to have become another program. */
  readonly waiting: boolean;
}

export interface Marks {
  readonly run: string;
  /** Of this service only. */
  readonly service?: string;
  /** The main process of that service, if it has one. */
  readonly main?: () => number | undefined;
  /** Who carries the mark and is none of the service's, such as a container's first process. */
  readonly spares?: ((found: Found) => boolean) | undefined;
}

/** Who was there without the mark, by process id and time of start: what looks again and again has less to read. */
export type Strangers = Map<number, string>;

export function findMarked(
  { run, service, main, spares = () => false }: Marks,
  strangers?: Strangers,
): readonly Found[] {
  const texts = [`${mark}=${run}`, ...(service === undefined ? [] : [`${serviceMark}=${service}`])];
  const all = process.platform === "linux" ? listInProc(texts, strangers) : listByPs(texts);
  const children = Map.groupBy(all, ({ parent }) => parent);
  const root = main?.();
  const found = new Set(all.filter(({ pid, marked }) => marked || pid === root));
  // What is added is gone through as well.
  for (const { pid } of found) for (const child of children.get(pid) ?? []) found.add(child);
  return [...found].filter((each) => !spares(each));
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
  readonly marked: boolean;
}

function listInProc(texts: readonly string[], strangers: Strangers = new Map()): readonly Listed[] {
  return listProcesses().flatMap((pid) => {
    // Behind the name, which may contain anything: state, parent, group, and so on, as in proc_pid_stat(5).
    const fields = contentOf(`/proc/${pid}/stat`).split(") ").at(-1)?.split(" ") ?? [];
    const [state = "", parent = "", group = ""] = fields;
    const start = fields[19];
    if (start === undefined || state === "Z") return [];
    const marked = strangers.get(pid) !== start && isMarked(pid, texts);
    if (marked === false) strangers.set(pid, start);
    const listed = { pid, parent: Number(parent), group: Number(group) };
    return [{ ...listed, stopped: state === "T", waiting: state === "D", marked: marked === true }];
  });
}

/** Undefined if that can't be known now. */
function isMarked(pid: number, texts: readonly string[]): boolean | undefined {
  const environment = contentOf(`/proc/${pid}/environ`);
  if (environment === "") return undefined;
  const variables = environment.split("\0");
  return texts.every((text) => variables.includes(text));
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
      const listed = { pid: Number(pid), parent: Number(parent), group: Number(group) };
      return { ...listed, stopped: state.startsWith("T"), waiting: state.startsWith("U"), marked };
    });
}
