import { z } from "zod";
import { pace } from "../units.ts";
import { clockFault } from "./contract.ts";

export const backwards = clockFault({
  plane: "clock",
  kind: "clock.backwards",
  about:
    "The wall clock runs backwards, while the monotonic one goes on: each look shows an earlier time than the one before. Afterwards it runs forwards again from where it is, until clock.step corrects it.",
  source: "clock_gettime(2); python/cpython#75450",
  example: "{ rate: 100% }",
  pulse: false,
  leaves: "anything",
  needs: "clock",
  parameters: z.strictObject({
    rate: pace
      .prefault("100%")
      .meta({ description: "how fast it runs back; 100%: a second a second", strengths: ["1%", "6000%"] }),
  }),
  inject: (target, { rate }, { hit }) => target.pace({ rate: 1, wall: -rate }, () => hit({})),
});
