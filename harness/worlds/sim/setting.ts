/**
 * The simulated world as a setting: everything in this process, in virtual time.
 *
 *     virtual time ──┬── machine "harness"       its clock stamps the history
 *                    └── a machine a service      (world.ts)
 */
import { createClock, createMachineClock } from "../../../host/sim/clock.ts";
import { runAs, type Party } from "../../../host/sim/context.ts";
import { createProcess } from "../../../host/sim/process.ts";
import { createVirtualTime } from "../../../host/sim/time.ts";
import type { Setting } from "../world.ts";
import type { Programs } from "./programs.ts";
import { epochMs, simCapabilities, startSimWorld } from "./world.ts";

/** One for each run: its time begins anew. */
export function createSimSetting({ programs }: { readonly programs: Programs }): Setting {
  const time = createVirtualTime();
  const watch = createMachineClock({ time, epochMs, upMs: 0 });
  const fail = (error: unknown): void => time.fail(error);
  const harness: Party = { name: "the harness", crash: fail };
  const process = createProcess({
    name: "harness",
    time,
    cpu: { frozen: false, load: 0 },
    mostDescriptors: () => Infinity,
    onDescriptorsSpent: () => {},
    onEnd: (_exit, error) => fail(error),
  });
  return {
    name: "sim",
    capabilities: simCapabilities,
    clock: createClock(watch, process),
    realTime: false,
    start: (options) => startSimWorld({ ...options, time, programs }),
    pass: (work) => time.pass(() => runAs(harness, work)),
  };
}
