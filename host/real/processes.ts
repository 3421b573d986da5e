import { spawn } from "node:child_process";
import { once } from "node:events";
import { createHash, randomBytes } from "node:crypto";
import { constants } from "node:os";
import { resolve } from "node:path";
import { codeOf } from "../error-code.ts";
import { takeCpuGroups } from "./cpu-groups.ts";
import { createMembers, type Members, type Process } from "./members.ts";
import { createSweeper, signalProcess } from "./sweeper.ts";
import { startTraffic } from "./traffic.ts";
import { createUsage } from "./usage.ts";
import { groupVariable, type CpuGroup, type Exit, type Log, type Processes, type SignalName } from "../host.ts";

export interface ProcessesOptions {
  /** The directory of the service. */
  readonly directory: string;
  /** How many processes there may be, the program itself included. Asked at each start. */
  readonly most: () => number;
  readonly log: Log;
}

export function createProcesses({ directory: home, most, log }: ProcessesOptions): Processes {
  /** The marks of those that are alive, by their pids. */
  const groups = new Map<number, string>();
  const members = createMembers(() => groups);
  const sweeper = createSweeper(members);
  const signalAll = (pid: number, mark: string, signal: SignalName): boolean => {
    const isThere = signalGroup(pid, signal);
    const reached = straysOf(members, mark).map((process) => signalProcess(process, signal));
    if (signal === "KILL") sweeper.sweep(mark);
    return isThere || reached.includes(true);
  };
  let look: ReturnType<typeof createUsage> | undefined;
  return {
    resume(pid) {
      signalGroup(pid, "CONT");
    },
    async usage(of) {
      look ??= createUsage(members);
      return look(of);
    },
    traffic: () => startTraffic(members),
    cpuGroups: () => takeCpuGroups(createHash("sha256").update(resolve(home)).digest("hex").slice(0, 12)),
    async start(command, args, { directory = ".", cpuGroup } = {}) {
      if (groups.size + 1 >= most()) {
        log("limits.refused", { limit: "processes" });
        throw spawnError("EAGAIN", command);
      }
      const [file, words] = entering(cpuGroup, command, args);
      const mark = randomBytes(8).toString("hex");
      const env = { ...process.env, [groupVariable]: mark };
      const child = spawn(file, words, { detached: true, stdio: "ignore", cwd: resolve(home, directory), env });
      const ended = new Promise<Exit>((settle) => {
        child.once("exit", (code, signal) => settle({ code: code ?? undefined, signal: bareName(signal) }));
      });
      await once(child, "spawn").catch((error: unknown) => {
        if (codeOf(error) === "EMFILE") log("limits.refused", { limit: "open-files" });
        throw error;
      });
      const { pid } = child;
      if (pid === undefined) throw new Error(`${command} has started without a process id`);
      groups.set(pid, mark);
      const exited = ended.then(async (exit) => {
        groups.delete(pid);
        await sweeper.over(mark);
        return exit;
      });
      return { pid, exited, signal: (signal) => signalAll(pid, mark, signal) };
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

/** As far as that is known, and nobody where it can't be. */
function straysOf(members: Members, mark: string): readonly Process[] {
  try {
    return members.lately().strays.get(mark) ?? [];
  } catch {
    return [];
  }
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
