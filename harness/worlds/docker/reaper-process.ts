/** Starts the reaper of a run (reaper.ts), which waits for the harness to be gone. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { WorldError } from "../../errors.ts";

/** Disposing lets it go: it clears away what is left, unless it was told that nothing is. */
export interface Reaper extends AsyncDisposable {
  /** Nothing is left of the run. */
  dismiss(): void;
}

export async function startReaper(run: string): Promise<Reaper> {
  const script = fileURLToPath(new URL("reaper.ts", import.meta.url));
  try {
    const reaper = spawn(process.execPath, [script, run], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
    await once(reaper, "spawn");
    reaper.unref();
    // Somebody may have killed it, which must not kill the harness.
    reaper.stdin.on("error", () => {});
    return {
      dismiss: () => void reaper.stdin.end("all clear"),
      [Symbol.asyncDispose]: async () => void reaper.stdin.end(),
    };
  } catch (error) {
    throw new WorldError(`what cleans up after the harness can't be started: ${String(error)}`, { cause: error });
  }
}
