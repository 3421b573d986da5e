import { z } from "zod";
import { duration, signedDuration } from "../units.ts";
import { clockFault } from "./contract.ts";
import { untilOver } from "./until-over.ts";

/** What is shorter is a strobe. */
const shortestMs = 10;
const period = duration.refine((milliseconds) => milliseconds >= shortestMs, "write a duration of 10ms or more");

export const sawtooth = clockFault({
  plane: "clock",
  kind: "clock.sawtooth",
  about:
    "The wall clock drifts away from the true time, and in each period jumps back to it, again and again: a bad clock that NTP corrects in steps. The monotonic clock has no part in it. Each jump that was seen is a hit; at the end the clock jumps to where it would be without.",
  source:
    "PlanetLab users list, 2004-03-05 (about 100 nodes drift back and jump forward by tens of seconds); Muir 2004, 3.3; RFC 5905, 11.2.3",
  example: "{ drift: -40s, period: 15m }",
  pulse: false,
  leaves: "anything",
  needs: "clock",
  parameters: z.strictObject({
    drift: signedDuration.prefault("-40s").meta({
      description: "how far it drifts in a period, to jump back then; below 0 it falls behind, and jumps forward",
      strengths: ["-1s", "-10m"],
    }),
    period: period.prefault("15m").meta({ description: "from jump to jump; 10ms at least", strengths: ["1h", "10s"] }),
  }),
  async inject(target, parameters, context) {
    const { drift, period: milliseconds } = parameters;
    const before = await target.error();
    const drifting = await target.pace({ rate: 1, wall: 1 + drift / milliseconds }, () => {});
    const correct = async (): Promise<void> => {
      const wall = before - (await target.error());
      await target.step({ wall }, () => context.hit({ milliseconds: Math.round(wall) }));
    };
    return untilOver(
      async (rest) => {
        while (await rest(milliseconds)) await correct();
      },
      async () => {
        await drifting[Symbol.asyncDispose]();
        await correct();
      },
      context,
    );
  },
});
