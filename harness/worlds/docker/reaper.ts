/**
 * Outlives the harness: `node reaper.ts RUN`. When its standard input ends, the harness is gone, by whatever way; it then removes what is left of the run at
 * the engine, for as long as that takes.
 */
import { removeRun } from "./cleanup.ts";
import { connectEngine } from "./engine.ts";

const [run] = process.argv.slice(2);
if (run === undefined) throw new Error("node reaper.ts RUN");

// In a session of its own, it hears of no terminal; these are for those who signal everything in sight.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});

/** An engine that is dead may be started again. */
const tries = 60;
const betweenTriesMs = 1000;

process.stdin.resume().on("close", () => void reap(run));

async function reap(name: string): Promise<void> {
  for (let n = 0; n < tries; n++) {
    try {
      using engine = await connectEngine();
      // A second look, for what was being made when the harness died.
      if (await removeRun(engine, name)) break;
    } catch {
      // The next try tells.
    }
    await new Promise((resolve) => setTimeout(resolve, betweenTriesMs));
  }
  process.exit(0);
}
