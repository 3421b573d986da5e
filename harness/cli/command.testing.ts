/** The command line in tests, as a stranger starts it: a process of its own. */
import { spawnSync } from "node:child_process";
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
