import { z } from "zod";
import { duration } from "../units.ts";
import { clockFault } from "./contract.ts";
import { clockDirection, signed } from "./direction.ts";

export const step = clockFault({
  plane: "clock",
  kind: "clock.step",
  about:
    "The wall clock jumps, as when NTP steps it or somebody sets it; the monotonic clock does not, and nobody who sleeps is woken. Without `by` it jumps to the true time, whatever other faults have made of it.",
  source:
    "RFC 5905, 11.2.3; clock_settime(2); Muir 2004, 3.3; MichaelXavier/cron#30 (a job ran twice), nfs-ganesha#927",
  example: "{ by: 40s, direction: backward }",
  pulse: true,
  leaves: "anything",
  needs: "clock",
  parameters: z.strictObject({
    by: duration.optional().meta({ description: "how far; by default to the true time", strengths: ["100ms", "5d"] }),
    direction: clockDirection("forward", "forward: to a later time"),
  }),
  async inject(target, { by, direction }, { hit }) {
    const wall = by === undefined ? -(await target.error()) : signed(by, direction);
    await target.step({ wall }, () => hit({ milliseconds: Math.round(wall) }));
  },
});
