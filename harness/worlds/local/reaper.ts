/**
 * Outlives the harness where no PID namespace does its work: `node reaper.ts run scratch`. When its standard input ends, the harness is gone, by
 * whatever way; it then kills what is left of the run, and removes what is temporary.
 */
import { rmSync } from "node:fs";
import { sweep } from "./sweep.ts";

const [run, scratch] = process.argv.slice(2);
if (run === undefined || scratch === undefined) throw new Error("node reaper.ts run scratch");

// In a session of its own, it hears of no terminal; these are for those who signal everything in sight.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});

process.stdin.resume().on("close", () => {
  void sweep({ run }).then(() => rmSync(scratch, { recursive: true, force: true }));
});
