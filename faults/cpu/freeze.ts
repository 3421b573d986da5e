import { z } from "zod";
import { cpuFault } from "./contract.ts";

export const freeze = cpuFault({
  plane: "cpu",
  kind: "cpu.freeze",
  about:
    "The whole machine stands still and does not notice, as a virtual one that is moved or snapshotted: every process of the service, with its children and what they started. Then all timers are late at once. To stop the daemon alone, and let its children go on, use process.pause with `to: main`.",
  source: "signal(7), SIGSTOP; Muir 2004, 3.6",
  example: "{}",
  pulse: false,
  parameters: z.strictObject({}),
  async inject(target, _parameters, { hit }) {
    const lift = await target.freeze();
    if (lift !== undefined) hit({});
    return lift;
  },
});
