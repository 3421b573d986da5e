/** The thread of `alarm.ts`: tells that it is there, waits for the moment that is set, takes it away, tells of it, and waits for the next one. */
import { parentPort, workerData } from "node:worker_threads";
import type { AlarmData } from "./alarm.ts";

const { moment, none } = workerData as AlarmData;
parentPort?.postMessage(null, []);
for (;;) {
  const at = Atomics.load(moment, 0);
  const leftMs = at === none ? Infinity : Number(at - process.hrtime.bigint()) / 1e6;
  // Another moment wakes it, too.
  if (leftMs > 0) Atomics.wait(moment, 0, at, leftMs);
  else if (Atomics.compareExchange(moment, 0, at, none) === at) parentPort?.postMessage(null, []);
}
