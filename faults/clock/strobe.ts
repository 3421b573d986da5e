import { z } from "zod";
import { duration, signedDuration } from "../units.ts";
import { clockFault } from "./contract.ts";
import { untilOver } from "./until-over.ts";

const shortestMs = 1;
const period = duration.refine((milliseconds) => milliseconds >= shortestMs, "write a duration of 1ms or more");

export const strobe = clockFault({
  plane: "clock",
  kind: "clock.strobe",
  about:
    "The wall clock jumps there and back, again and again, between the time that it has and one that is off: two looks in a row may differ by anything. At the end it is where it would be without.",
  source: "jepsen.nemesis.time (strobe-time); two NTP clients that disagree on one machine",
  example: "{ by: 40s, period: 100ms }",
  pulse: false,
  leaves: "anything",
  needs: "clock",
  parameters: z.strictObject({
    by: signedDuration
      .prefault("40s")
      .meta({ description: "there; below 0 to an earlier time", strengths: ["100ms", "1d"] }),
    period: period
      .prefault("100ms")
      .meta({ description: "from jump to jump; 1ms at least", strengths: ["10s", "1ms"] }),
  }),
  async inject(target, parameters, context) {
    const wall = parameters.by;
    let isOff = false;
    const jump = async (): Promise<void> => {
      isOff = !isOff;
      await target.step({ wall: isOff ? wall : -wall }, first);
    };
    let hasHit = false;
    const first = (): void => {
      if (!hasHit) context.hit({});
      hasHit = true;
    };
    await jump();
    return untilOver(
      async (rest) => {
        while (await rest(parameters.period)) await jump();
      },
      async () => {
        if (isOff) await jump();
      },
      context,
    );
  },
});
