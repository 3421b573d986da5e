import { z } from "zod";
import { pace } from "../units.ts";
import { clockFault } from "./contract.ts";

export const rate = clockFault({
  plane: "clock",
  kind: "clock.rate",
  about:
    "All clocks run too fast or too slow, the monotonic one too, and whoever sleeps does so for too short or too long: a quartz that is off, or timer interrupts that are lost. What it has gained or lost by the end stays, until clock.step corrects it.",
  source: "RFC 5905, 4; Muir 2004, 3.3 (2 to 3 % off; 10 % of the interrupts of an hour lost)",
  example: "{ rate: 97% }",
  pulse: false,
  leaves: "anything",
  needs: "clock",
  parameters: z.strictObject({
    rate: pace.meta({ description: "how fast; 100% is right", strengths: ["97%", "50%"] }),
  }),
  inject: (target, parameters, { hit }) => target.pace({ rate: parameters.rate, wall: 1 }, () => hit({})),
});
