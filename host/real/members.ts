/**
 * Who belongs to which group of processes, as /proc tells it (proc_pid_stat(5), proc_pid_environ(5)).
 *
 *     start ──► a child that leads a process group, with a mark in its environment
 *                 ├── whoever is in that process group
 *                 └── strays: who has left it (setsid(2)), and still has the mark
 *
 * Each look at all processes costs a read of each; so those are remembered who were found, and looked at alone for a while.
 */
import { readFileSync, readdirSync } from "node:fs";
import { codeOf } from "../error-code.ts";
import { createMarks } from "./marks.ts";

/** Processes may come to a group within this time, and are not seen by who looks at those that are known only. */
const membersMs = 1000;

export interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  /** In ticks since the machine was: with the pid, this names it for good. */
  readonly started: number;
  readonly state: string;
  readonly cpuTicks: number;
  /** Of those that have ended, and that it has waited for. */
  readonly pastTicks: number;
  readonly virtualBytes: number;
  readonly residentPages: number;
}

export interface Crew {
  readonly processes: readonly Process[];
  /** CPU time of those that have ended, and that nobody of the group could wait for; as of when they were seen last. */
  readonly lostTicks: number;
}

export interface Look {
  /** By the pid of whoever leads it. */
  readonly crews: ReadonlyMap<number, Crew>;
  /** By their marks, those who are in the process group of no child that is there. */
  readonly strays: ReadonlyMap<string | undefined, readonly Process[]>;
  /** Nobody was just becoming another program, so that it could not be told whose it is. */
  readonly isWhole: boolean;
}

export interface Members {
  /** One look at all processes. */
  look(): Look;
  /** The last one, if that was within a second. */
  lately(): Look;
  /** Some groups, and of them those who are known from a look within a second. */
  glance(groups: Iterable<number>): ReadonlyMap<number, Crew>;
}

/** `groups`: the marks of those that there are, by the pids of who leads them. */
export function createMembers(groups: () => ReadonlyMap<number, string>): Members {
  const marks = createMarks();
  const crews = new Map<number, Crew>();
  let last: Look | undefined;
  let looked = -Infinity;

  const look = (): Look => {
    const wanted = groups();
    const all = listProcesses();
    marks.keepOnly(all);
    const inGroups = Map.groupBy(all, ({ group }) => group);
    const outside = all.filter(({ group }) => !wanted.has(group));
    const strays = Map.groupBy(outside, (process) => marks.of(process));
    for (const [pid, mark] of wanted) {
      const processes = [...(inGroups.get(pid) ?? []), ...(strays.get(mark) ?? [])];
      crews.set(pid, follow(pid, crews.get(pid), processes));
    }
    for (const pid of crews.keys()) if (!wanted.has(pid)) crews.delete(pid);
    looked = performance.now();
    last = { crews, strays, isWhole: !strays.has(undefined) };
    return last;
  };
  const lookAtCrew = (pid: number, before: Crew): Crew => {
    const crew = follow(pid, before, before.processes.flatMap(lookAgain));
    crews.set(pid, crew);
    return crew;
  };
  const lately = (): Look => (last === undefined || performance.now() - looked >= membersMs ? look() : last);

  return {
    look,
    lately,
    glance(some) {
      const before = last;
      const isNew = lately() !== before;
      const there = [...some].filter((pid) => groups().has(pid));
      return new Map(
        there.flatMap((pid) => {
          const crew = crews.get(pid);
          return crew === undefined ? [] : [[pid, isNew ? crew : lookAtCrew(pid, crew)] as const];
        }),
      );
    },
  };
}

/**
 * What was used by who has gone is in the account of the parent, if that is of the group, too. Who has another parent (init's are those whom nobody waits for)
 * would take it away. Who leads the group takes all of it away.
 */
function follow(leader: number, before: Crew | undefined, processes: readonly Process[]): Crew {
  if (before === undefined) return { processes, lostTicks: 0 };
  const members = new Set(before.processes.map(({ pid }) => pid));
  const there = new Map(processes.map(({ pid, started }) => [pid, started]));
  const lost = before.processes.filter(
    ({ pid, parent, started }) => there.get(pid) !== started && !members.has(parent) && pid !== leader,
  );
  const lostTicks = lost.reduce((sum, { cpuTicks, pastTicks }) => sum + cpuTicks + pastTicks, before.lostTicks);
  return { processes, lostTicks };
}

/** Nothing if it has gone, and its pid may be another one's. */
export function lookAgain({ pid, started }: Process): readonly Process[] {
  const found = readStat(pid);
  return found?.started === started ? [found] : [];
}

/** None on a machine without /proc. */
function listProcesses(): readonly Process[] {
  return namesIn("/proc").flatMap((name) => (/^\d+$/.test(name) ? (readStat(Number(name)) ?? []) : []));
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}

/** Undefined if it has gone. */
function readStat(pid: number): Process | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ESRCH") return undefined;
    throw error;
  }
  // Its name, in parentheses, may have anything in it.
  const fields = text.slice(text.lastIndexOf(") ") + 2).split(" ");
  const number = (index: number): number => Number(fields[index]);
  return {
    pid,
    state: fields[0] ?? "",
    parent: number(1),
    group: number(2),
    cpuTicks: number(11) + number(12),
    pastTicks: number(13) + number(14),
    started: number(19),
    virtualBytes: number(20),
    residentPages: number(21),
  };
}
