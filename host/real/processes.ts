import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import type { Exit, Processes, SignalName } from "../host.ts";

export function createProcesses(home: string): Processes {
  return {
    async start(command, args, { directory = "." } = {}) {
      const child = spawn(command, args, { detached: true, stdio: "ignore", cwd: resolve(home, directory) });
      const exited = new Promise<Exit>((settle) => {
        child.once("exit", (code, signal) => settle({ code: code ?? undefined, signal: bareName(signal) }));
      });
      await once(child, "spawn");
      const { pid } = child;
      if (pid === undefined) throw new Error(`${command} has started without a process id`);
      return { pid, exited, signal: (signal) => signalGroup(pid, signal) };
    },
  };
}

/** False if nothing is left of the group. */
export function signalGroup(pid: number, signal: SignalName): boolean {
  try {
    return process.kill(-pid, `SIG${signal}`);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return false;
    throw error;
  }
}

/** `KILL` for `SIGKILL`. A name that we do not know (SIGSEGV) is kept all the same: it tells what happened. */
export function bareName(signal: NodeJS.Signals | null): SignalName | undefined {
  return signal === null ? undefined : (signal.replace(/^SIG/, "") as SignalName);
}
