/**
 * Outlives the harness: `node reaper.ts RUN`. When its standard input ends without a word, the harness is gone, by whatever way; it then removes what is left of
 * the run at the engine, for as long as that takes.
 */
import { setTimeout as sleep } from "node:timers/promises";

const [run] = process.argv.slice(2);
if (run === undefined) throw new Error("node reaper.ts RUN");

// In a session of its own, it hears of no terminal; these are for those who signal everything in sight.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});

/** An engine that is dead may be started again. */
const tries = 60;
const betweenTriesMs = 1000;
/** One that lives may still be making what the harness asked for before it died. */
const watchMs = 3000;
const betweenLooksMs = 100;

const load = () => Promise.all([import("./cleanup.ts"), import("./engine.ts")]);
/** Not at once, when the run that begins has more need of the CPU; and not only when it is needed, since then everybody waits for it. */
const loadAfterMs = 1000;
setTimeout(() => void load(), loadAfterMs);

process.stdin.on("data", () => process.exit(0)).on("close", () => void reap(run));

async function reap(name: string): Promise<void> {
  const [{ removeRun }, { connectEngine }] = await load();
  for (let n = 0; n < tries; n++) {
    try {
      using engine = await connectEngine();
      const until = performance.now() + watchMs;
      let isClear = await removeRun(engine, name);
      while (performance.now() < until) {
        await sleep(betweenLooksMs);
        isClear = await removeRun(engine, name);
      }
      if (isClear) break;
    } catch {
      // The next try tells.
    }
    await sleep(betweenTriesMs);
  }
  process.exit(0);
}
