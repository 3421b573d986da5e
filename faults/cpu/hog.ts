import { z } from "zod";
import { count } from "../units.ts";
import { cpuFault } from "./contract.ts";

export const hog = cpuFault({
  plane: "cpu",
  kind: "cpu.hog",
  about:
    "Others want the CPU that the service runs on, all the time: it gets its turn, but late, and a small part of it. How late is the scheduler's business.",
  source: "sched(7); Muir 2004, 3.6",
  example: "{ processes: 8 }",
  pulse: false,
  parameters: z.strictObject({
    processes: count(1, 64)
      .prefault(4)
      .meta({ description: "how many others", strengths: [1, 32] }),
  }),
  async inject(target, { processes }, { hit }) {
    const lift = await target.load(processes);
    if (lift !== undefined) hit({ processes });
    return lift;
  },
});
