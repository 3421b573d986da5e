import { z } from "zod";
import { duration } from "../units.ts";
import { clockFault } from "./contract.ts";
import { clockDirection, signed } from "./direction.ts";

export const childDiffers = clockFault({
  plane: "clock",
  kind: "clock.child-differs",
  about:
    "The service's children, and theirs, see another wall clock than its main process: the times that they print, compare and sign with are off. As in a container with a time namespace, or with a helper that asks another machine.",
  source: "time_namespaces(7); tools that are started with a clock of their own (faketime)",
  example: "{ by: 1h, direction: backward }",
  pulse: false,
  leaves: "anything",
  needs: "child-clocks",
  parameters: z.strictObject({
    by: duration.meta({ description: "how far", strengths: ["1s", "5d"] }),
    direction: clockDirection("forward", "forward: children see a later time"),
  }),
  async inject(target, { by, direction }, { hit }) {
    return target.children?.(signed(by, direction), () => hit({}));
  },
});
