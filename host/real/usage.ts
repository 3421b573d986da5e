/** What groups of processes use, as /proc tells it. */
import { readFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import type { GroupUsage, Usage } from "../host.ts";
import type { Crew, Members, Process } from "./members.ts";

/** In the auxiliary vector (getauxval(3)). */
const keys = { pageSize: 6n, ticksASecond: 17n } as const;

export function createUsage(members: Members): (of?: readonly number[]) => Usage {
  const { pageSize, ticksASecond } = readUnits();
  const msOf = (ticks: number): number => (ticks * 1000) / ticksASecond;
  const sum = ({ processes, lostTicks }: Crew): GroupUsage => ({
    processes: processes.filter(({ state }) => state !== "Z").length,
    active: processes.filter(({ state }) => state === "R").length,
    cpuMs: msOf(total(processes, ({ cpuTicks }) => cpuTicks)),
    pastCpuMs: msOf(lostTicks + total(processes, ({ pastTicks }) => pastTicks)),
    virtualBytes: total(processes, ({ virtualBytes }) => virtualBytes),
    residentBytes: total(processes, ({ residentPages }) => residentPages) * pageSize,
  });

  return (of) => {
    const crews = of === undefined ? members.look().crews : members.glance(of);
    const there = [...crews].filter(([, { processes }]) => processes.length > 0);
    return {
      cpus: availableParallelism(),
      memoryBytes: totalmem(),
      groups: new Map(there.map(([group, crew]) => [group, sum(crew)])),
    };
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

function total(processes: readonly Process[], of: (process: Process) => number): number {
  return processes.reduce((all, process) => all + of(process), 0);
}
