/** What groups of processes use, as /proc tells it (proc_pid_stat(5)). */
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import type { GroupUsage, Usage } from "../host.ts";

/** Processes may come to a group within this time, and are not seen by who looks at some groups only. */
const membersMs = 1000;
/** In the auxiliary vector (getauxval(3)). */
const keys = { pageSize: 6n, ticksASecond: 17n } as const;

interface Stat {
  readonly group: number;
  readonly state: string;
  readonly cpuTicks: number;
  readonly pastTicks: number;
  readonly virtualBytes: number;
  readonly residentPages: number;
}

/** `groups`: whose there are. */
export function createUsage(groups: () => Iterable<number>): (of?: readonly number[]) => Usage {
  const { pageSize, ticksASecond } = readUnits();
  /** As of the last look at all of them. */
  let members = new Map<number, readonly number[]>();
  let looked = -Infinity;

  const lookAtAll = (): ReadonlyMap<number, readonly Stat[]> => {
    const found = findMembers(new Set(groups()));
    members = new Map([...found].map(([group, all]) => [group, all.map(({ pid }) => pid)]));
    looked = performance.now();
    return new Map([...found].map(([group, all]) => [group, all.map(({ stat }) => stat)]));
  };
  const lookAt = (group: number): readonly Stat[] =>
    (members.get(group) ?? []).flatMap((pid) => readStat(pid) ?? []).filter((stat) => stat.group === group);
  const sum = (stats: readonly Stat[]): GroupUsage => ({
    processes: stats.filter(({ state }) => state !== "Z").length,
    active: stats.filter(({ state }) => state === "R").length,
    cpuMs: (total(stats, ({ cpuTicks }) => cpuTicks) * 1000) / ticksASecond,
    pastCpuMs: (total(stats, ({ pastTicks }) => pastTicks) * 1000) / ticksASecond,
    virtualBytes: total(stats, ({ virtualBytes }) => virtualBytes),
    residentBytes: total(stats, ({ residentPages }) => residentPages) * pageSize,
  });

  return (of) => {
    const isFresh = performance.now() - looked < membersMs;
    const all = of === undefined || !isFresh ? lookAtAll() : undefined;
    const each = (group: number): readonly Stat[] => (all === undefined ? lookAt(group) : (all.get(group) ?? []));
    const stats = [...(of ?? groups())].map((group) => [group, each(group)] as const);
    return {
      cpus: availableParallelism(),
      memoryBytes: totalmem(),
      groups: new Map(stats.filter(([, found]) => found.length > 0).map(([group, found]) => [group, sum(found)])),
    };
  };
}

/** All processes of the groups that are wanted. */
export function findMembers(
  wanted: ReadonlySet<number>,
): ReadonlyMap<number, readonly { readonly pid: number; readonly stat: Stat }[]> {
  const found = new Map<number, { readonly pid: number; readonly stat: Stat }[]>();
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    const stat = Number.isInteger(pid) ? readStat(pid) : undefined;
    if (stat !== undefined && wanted.has(stat.group))
      found.set(stat.group, [...(found.get(stat.group) ?? []), { pid, stat }]);
  }
  return found;
}

/** Undefined if it has gone. */
function readStat(pid: number): Stat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return undefined;
  }
  // Its name, in parentheses, may have anything in it.
  const fields = text.slice(text.lastIndexOf(") ") + 2).split(" ");
  const number = (index: number): number => Number(fields[index]);
  return {
    state: fields[0] ?? "",
    group: number(2),
    cpuTicks: number(11) + number(12),
    pastTicks: number(13) + number(14),
    virtualBytes: number(20),
    residentPages: number(21),
  };
}

function readUnits(): { readonly pageSize: number; readonly ticksASecond: number } {
  const vector = new BigUint64Array(new Uint8Array(readFileSync("/proc/self/auxv")).buffer);
  const value = (key: bigint, standard: number): number => {
    const at = vector.findIndex((each, index) => index % 2 === 0 && each === key);
    return at < 0 ? standard : Number(vector[at + 1]);
  };
  return { pageSize: value(keys.pageSize, 4096), ticksASecond: value(keys.ticksASecond, 100) };
}

function total(stats: readonly Stat[], of: (stat: Stat) => number): number {
  return stats.reduce((all, stat) => all + of(stat), 0);
}
