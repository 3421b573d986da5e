import { spawn } from "node:child_process";
import { once } from "node:events";
import { createHash } from "node:crypto";
import { constants } from "node:os";
import { resolve } from "node:path";
import { codeOf } from "../error-code.ts";
import { startTraffic } from "./traffic.ts";
import { createUsage } from "./usage.ts";
import { takeCpuGroups } from "./cpu-groups.ts";
import type { CpuGroup, Exit, Log, Processes, SignalName } from "../host.ts";

export interface ProcessesOptions {
  /** The directory of the service. */
  readonly directory: string;
  /** How many processes there may be, the program itself included. Asked at each start. */
  readonly most: () => number;
  readonly log: Log;
}

export function createProcesses({ directory: home, most, log }: ProcessesOptions): Processes {
  const alive = new Set<number>();
  let look: ReturnType<typeof createUsage> | undefined;
  return {
    resume(pid) {
      signalGroup(pid, "CONT");
    },
    async usage(of) {
      look ??= createUsage(() => alive);
      return look(of);
    },
    traffic: () => startTraffic(() => alive),
    cpuGroups: () => takeCpuGroups(createHash("sha256").update(resolve(home)).digest("hex").slice(0, 12)),
    async start(command, args, { directory = ".", cpuGroup } = {}) {
      if (alive.size + 1 >= most()) {
        log("limits.refused", { limit: "processes" });
        throw spawnError("EAGAIN", command);
      }
      const [file, words] = entering(cpuGroup, command, args);
      const child = spawn(file, words, { detached: true, stdio: "ignore", cwd: resolve(home, directory) });
      const exited = new Promise<Exit>((settle) => {
        child.once("exit", (code, signal) => settle({ code: code ?? undefined, signal: bareName(signal) }));
      });
      await once(child, "spawn").catch((error: unknown) => {
        if (codeOf(error) === "EMFILE") log("limits.refused", { limit: "open-files" });
        throw error;
      });
      const { pid } = child;
      if (pid === undefined) throw new Error(`${command} has started without a process id`);
      alive.add(pid);
      void exited.then(() => alive.delete(pid));
      return { pid, exited, signal: (signal) => signalGroup(pid, signal) };
    },
  };
}

/** The command, which is in that group before it runs. */
function entering(
  group: CpuGroup | undefined,
  command: string,
  args: readonly string[],
): readonly [string, readonly string[]] {
  if (group === undefined) return [command, args];
  return ["/bin/sh", ["-c", 'echo 0 >"$0" && exec "$@"', group.entrance, command, ...args]];
}

/** As libuv words it. */
function spawnError(code: "EAGAIN", command: string): Error {
  const syscall = `spawn ${command}`;
  return Object.assign(new Error(`${syscall} ${code}`), {
    errno: -constants.errno[code],
    code,
    syscall,
    path: command,
  });
}

/** False if nothing is left of the group. */
export function signalGroup(pid: number, signal: SignalName): boolean {
  try {
    return process.kill(-pid, `SIG${signal}`);
  } catch (error) {
    if (codeOf(error) === "ESRCH") return false;
    throw error;
  }
}

/** `KILL` for `SIGKILL`. A name that we do not know (SIGSEGV) is kept all the same: it tells what happened. */
export function bareName(signal: NodeJS.Signals | null): SignalName | undefined {
  return signal === null ? undefined : (signal.replace(/^SIG/, "") as SignalName);
}
