/** The other side of watchdog.ts. */
import { writeSync } from "node:fs";
import { workerData } from "node:worker_threads";

const { beats, patienceMs } = workerData as { readonly beats: Int32Array; readonly patienceMs: number };
/** A machine that was asleep wakes all threads at once: the other one gets the time to beat. */
const secondLookMs = 2000;

for (;;) {
  const seen = Atomics.load(beats, 0);
  if (Atomics.wait(beats, 0, seen, patienceMs) !== "timed-out") continue;
  if (Atomics.wait(beats, 0, seen, secondLookMs) !== "timed-out") continue;
  writeSync(
    2,
    `\nsinbin: a simulated program has computed for ${patienceMs / 1000} s without an end, and holds everybody up: killed. ` +
      "Programs of the simulated world run in sinbin's own thread; --world local runs each in a process.\n",
  );
  process.kill(process.pid, "SIGKILL");
}
