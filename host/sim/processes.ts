/**
 * The children of a simulated process: opaque. No command runs in a simulation; one that is started is there, holds its place, and ends when a signal
 * ends it (`sleep` by itself, too), whoever started it. A shell is taken to use a little of everything meanwhile.
 */
import type { Exit, GroupTraffic, GroupUsage, Processes, SignalName } from "../host.ts";
import { systemError, type SimulatedProcess } from "./process.ts";
import { endedBy } from "./signals.ts";
import type { VirtualTime } from "./time.ts";

/** The processes of a machine that are not programs. */
export interface ProcessTable {
  readonly count: number;
  /** All of them, as when the power fails. */
  killAll(): void;
  of(process: SimulatedProcess): Processes;
}

export interface ProcessTableOptions {
  readonly time: VirtualTime;
  /** How many there may be, the program itself included; asked each time. */
  readonly mostProcesses: () => number;
  readonly onProcessesSpent: () => void;
}

interface Opaque {
  readonly parent: SimulatedProcess;
  readonly end: (exit: Exit) => void;
  readonly isShell: boolean;
  /** For how long it had run when it was started, or stopped, or went on last; and when that was. */
  ranMs: number;
  since: number;
  stopped: boolean;
  /** What ends it once it goes on. */
  deferred: Exit | undefined;
}

/** What every machine has. */
const commands: ReadonlySet<string> = new Set([
  "sh",
  "/bin/sh",
  "bash",
  "/bin/bash",
  "sleep",
  "/bin/sleep",
  "true",
  "cat",
]);
const startMs = 1;
const cpus = 2;
const memoryBytes = 2 ** 31;
/** By a shell that is not stopped: so little that it keeps nobody from a CPU, and always the same, so that what somebody tells of it can be compared. Memory by all. */
const uses = {
  cpuShare: 0.02,
  residentBytes: 4 * 2 ** 20,
  virtualBytes: 16 * 2 ** 20,
  sentBytesPerSecond: 1000,
  receivedBytesPerSecond: 3000,
};
const harmless: ReadonlySet<SignalName> = new Set(["CHLD", "CONT"]);

export function createProcessTable({ time, mostProcesses, onProcessesSpent }: ProcessTableOptions): ProcessTable {
  const table = new Map<number, Opaque>();
  let lastPid = 100;

  const ranMsOf = ({ ranMs, since, stopped }: Opaque): number => ranMs + (stopped ? 0 : time.now() - since);
  const pause = (opaque: Opaque, stopped: boolean): void => {
    Object.assign(opaque, { ranMs: ranMsOf(opaque), since: time.now(), stopped });
  };
  const childrenOf = <T>(
    parent: SimulatedProcess,
    tell: (opaque: Opaque) => T,
    pids: Iterable<number> = table.keys(),
  ): ReadonlyMap<number, T> =>
    new Map(
      [...pids].flatMap((pid) => {
        const opaque = table.get(pid);
        return opaque?.parent === parent ? [[pid, tell(opaque)] as const] : [];
      }),
    );
  const usageOf = (opaque: Opaque): GroupUsage => ({
    processes: 1,
    active: 0,
    cpuMs: opaque.isShell ? uses.cpuShare * ranMsOf(opaque) : 0,
    pastCpuMs: 0,
    residentBytes: uses.residentBytes,
    virtualBytes: uses.virtualBytes,
  });
  const trafficOf = (opaque: Opaque): GroupTraffic => {
    const seconds = opaque.isShell ? ranMsOf(opaque) / 1000 : 0;
    return {
      sentBytes: Math.floor(uses.sentBytesPerSecond * seconds),
      receivedBytes: Math.floor(uses.receivedBytesPerSecond * seconds),
      pastSentBytes: 0,
      pastReceivedBytes: 0,
    };
  };

  const signalOne = (pid: number, signal: SignalName): boolean => {
    const opaque = table.get(pid);
    if (opaque === undefined) return false;
    if (signal === "STOP") pause(opaque, true);
    else if (signal === "CONT") {
      pause(opaque, false);
      if (opaque.deferred !== undefined) opaque.end(opaque.deferred);
    } else if (signal === "KILL" || (!harmless.has(signal) && !opaque.stopped)) opaque.end(endedBy(signal));
    else if (!harmless.has(signal)) opaque.deferred ??= endedBy(signal);
    return true;
  };

  return {
    get count() {
      return table.size;
    },
    killAll() {
      for (const pid of table.keys()) signalOne(pid, "KILL");
    },
    of: (parent) => ({
      resume: (pid) => void signalOne(pid, "CONT"),
      cpuGroups: () =>
        parent.after(0, () => {
          throw new Error("a simulated kernel has no control groups");
        }),
      usage: (of) =>
        parent.after(startMs, () => ({
          cpus,
          memoryBytes,
          groups: childrenOf(parent, usageOf, of),
        })),
      traffic: () =>
        parent.after(startMs, () => ({
          look: () => parent.after(startMs, () => childrenOf(parent, trafficOf)),
          [Symbol.dispose]() {},
        })),
      start: (command, args) =>
        parent.after(startMs, () => {
          if (!commands.has(command)) throw systemError("ENOENT", `spawn ${command}`, "");
          if (table.size + 1 >= mostProcesses()) {
            onProcessesSpent();
            throw systemError("EAGAIN", `spawn ${command}`, "");
          }
          lastPid += 1;
          const pid = lastPid;
          const exited = Promise.withResolvers<Exit>();
          const end = (exit: Exit): void => {
            if (!table.delete(pid)) return;
            alarm[Symbol.dispose]();
            parent.deliver(() => exited.resolve(exit));
          };
          const isShell = command.endsWith("sh");
          table.set(pid, { parent, end, isShell, ranMs: 0, since: time.now(), stopped: false, deferred: undefined });
          const alarm = time.at(time.now() + lengthOf(command, args), () => end({ code: 0, signal: undefined }));
          return { pid, exited: exited.promise, signal: (signal: SignalName) => signalOne(pid, signal) };
        }),
    }),
  };
}

function lengthOf(command: string, [first]: readonly string[]): number {
  if (command === "true") return 0;
  return command.endsWith("sleep") && first !== "infinity" ? Number(first) * 1000 : Infinity;
}
