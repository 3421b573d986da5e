import { z } from "zod";
import { clockFault } from "./contract.ts";

export const freeze = clockFault({
  plane: "clock",
  kind: "clock.freeze",
  about:
    "All clocks stand still and the service runs on: every look shows the same time, no timeout comes, and who sleeps does not wake. Afterwards they go on from where they stood, so that the wall clock is behind, until clock.step corrects it.",
  source: "clock_gettime(2); timekeeping of virtual machines; Muir 2004, 3.3",
  example: "{}",
  pulse: false,
  leaves: "anything",
  needs: "clock",
  parameters: z.strictObject({}),
  inject: (target, _parameters, { hit }) => target.pace({ rate: 0, wall: 1 }, () => hit({})),
});
