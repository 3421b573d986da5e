/**
 * The children of a simulated process: opaque. No command runs in a simulation; one that is started is there, holds its place, and ends when a signal
 * ends it (`sleep` by itself, too), whoever started it.
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
const silent: GroupTraffic = { sentBytes: 0, receivedBytes: 0, pastSentBytes: 0, pastReceivedBytes: 0 };
const harmless: ReadonlySet<SignalName> = new Set(["CHLD", "CONT"]);

export function createProcessTable({ time, mostProcesses, onProcessesSpent }: ProcessTableOptions): ProcessTable {
  const table = new Map<number, Opaque>();
  let lastPid = 100;

  const signalOne = (pid: number, signal: SignalName): boolean => {
    const opaque = table.get(pid);
    if (opaque === undefined) return false;
    if (signal === "STOP") opaque.stopped = true;
    else if (signal === "CONT") {
      opaque.stopped = false;
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
          groups: new Map([...(of ?? table.keys())].filter((pid) => table.get(pid)?.parent === parent).map(idle)),
        })),
      traffic: () =>
        parent.after(startMs, () => ({
          look: () =>
            parent.after(
              startMs,
              () => new Map([...table].filter(([, opaque]) => opaque.parent === parent).map(([pid]) => [pid, silent])),
            ),
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
          table.set(pid, { parent, end, stopped: false, deferred: undefined });
          const alarm = time.at(time.now() + lengthOf(command, args), () => end({ code: 0, signal: undefined }));
          return { pid, exited: exited.promise, signal: (signal: SignalName) => signalOne(pid, signal) };
        }),
    }),
  };
}

/** It is there, and uses nothing. */
function idle(pid: number): [number, GroupUsage] {
  return [pid, { processes: 1, active: 0, cpuMs: 0, pastCpuMs: 0, residentBytes: 0, virtualBytes: 0 }];
}

function lengthOf(command: string, [first]: readonly string[]): number {
  if (command === "true") return 0;
  return command.endsWith("sleep") && first !== "infinity" ? Number(first) * 1000 : Infinity;
}
