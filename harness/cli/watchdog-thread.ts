/** The other side of watchdog.ts. */
import { writeSync } from "node:fs";
import { workerData } from "node:worker_threads";

const { beats, patienceMs } = workerData as { readonly beats: Int32Array; readonly patienceMs: number };
/** A machine that was asleep wakes all threads at once: the other one gets the time to beat. */
const secondLookMs = 2000;

/**
 * Whoever computes uses the CPU: what stands still for want of one, on a machine that is busy, is no program's fault. What uses none and never comes back
 * has this many times as long.
 */
const patienceWithIdlers = 10;

const computedMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** Waits for the next beat; false if none came for too long. */
function beatsAgain(seen: number): boolean {
  const before = computedMs();
  for (let n = 0; n < patienceWithIdlers; n += 1) {
    if (Atomics.wait(beats, 0, seen, patienceMs) !== "timed-out") return true;
    if (computedMs() - before >= patienceMs) return false;
  }
  return false;
}

for (;;) {
  const seen = Atomics.load(beats, 0);
  if (beatsAgain(seen)) continue;
  if (Atomics.wait(beats, 0, seen, secondLookMs) !== "timed-out") continue;
  writeSync(
    2,
    `\nsinbin: a simulated program has computed for ${patienceMs / 1000} s without an end, and holds everybody up: killed. ` +
      "Programs of the simulated world run in sinbin's own thread; --world local runs each in a process.\n",
  );
  process.kill(process.pid, "SIGKILL");
}
