/** The command line in tests, as a stranger starts it: a process of its own. */
import { fork, spawnSync } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

export const main = fileURLToPath(new URL("main.ts", import.meta.url));
/** Ten times the five seconds within which everything must be gone. */
export const hangGuardMs = 50_000;

/** The path of a plan, by its name below `fixtures/`. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`fixtures/${name}.yaml`, import.meta.url));
}

export interface Result {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export function sinbin(...args: readonly string[]): Result {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    // The JSON Schema of plans is larger than what is usual.
    maxBuffer: 16 * 1024 * 1024,
    encoding: "utf8",
    timeout: hangGuardMs,
  });
  return { code: status, out: stdout, err: stderr };
}

/** Where command lines end by themselves: one process carries them all out, which has to load what they need but once. Not for what steps into namespaces. */
export interface Shell extends AsyncDisposable {
  readonly sinbin: (...args: readonly string[]) => Promise<Result>;
}

export function openShell(): Shell {
  const child = fork(fileURLToPath(new URL("fixtures/shell.ts", import.meta.url)), { silent: true });
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error("its outputs are pipes");
  return {
    async sinbin(...args) {
      child.send(args);
      const answered = once(child, "message");
      const [out, err] = await Promise.all([untilNul(stdout), untilNul(stderr)]);
      const [code] = (await answered) as [number];
      return { code, out, err };
    },
    async [Symbol.asyncDispose]() {
      const exited = once(child, "exit");
      child.disconnect();
      await exited;
    },
  };
}

async function untilNul(stream: Readable): Promise<string> {
  let said = "";
  for await (const chunk of stream.setEncoding("utf8").iterator({ destroyOnReturn: false })) {
    said += String(chunk);
    if (said.endsWith("\0")) return said.slice(0, -1);
  }
  throw new Error(`the shell has ended: ${said}`);
}
