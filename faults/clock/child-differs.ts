import { z } from "zod";
import { signedDuration } from "../units.ts";
import { clockFault } from "./contract.ts";

export const childDiffers = clockFault({
  plane: "clock",
  kind: "clock.child-differs",
  about:
    "The service's children, and theirs, see another wall clock than its main process: the times that they print, compare and sign with are off. As in a container with a time namespace, or with a helper that asks another machine.",
  source: "time_namespaces(7); tools that are started with a clock of their own (faketime)",
  example: "{ by: -1h }",
  pulse: false,
  leaves: "anything",
  needs: "child-clocks",
  parameters: z.strictObject({
    by: signedDuration.meta({ description: "by what it is ahead; behind, if below 0", strengths: ["1s", "5d"] }),
  }),
  async inject(target, { by }, { hit }) {
    return target.children?.(by, () => hit({}));
  },
});
