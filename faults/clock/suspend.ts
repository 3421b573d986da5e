import { z } from "zod";
import { duration } from "../units.ts";
import { clockFault } from "./contract.ts";

export const suspend = clockFault({
  plane: "clock",
  kind: "clock.suspend",
  about:
    "The machine was suspended for a while and has just been resumed: the wall clock and CLOCK_BOOTTIME have gone on, and the monotonic clock has not. Timeouts that count on the latter are late by all of it. In the simulated world nobody can see CLOCK_BOOTTIME.",
  source: "clock_gettime(2), CLOCK_BOOTTIME; suspended laptops, and virtual machines that are moved or restored",
  example: "{ length: 8h }",
  pulse: true,
  leaves: "anything",
  needs: "clock",
  parameters: z.strictObject({
    length: duration.meta({ description: "for how long", strengths: ["1s", "3d"] }),
  }),
  inject: (target, { length }, { hit }) => target.step({ wall: length, boottime: length }, () => hit({})),
});
