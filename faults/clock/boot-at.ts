import { z } from "zod";
import { clockFault } from "./contract.ts";
import { parseTime, timePattern } from "./date.ts";

const help = "write a date, or a date and time of UTC: 1970-01-01, or 2038-01-19T03:14:00Z";
/** Years that all programs can name, and clocks of 64 bits can hold in nanoseconds. */
const [earliest, latest] = [parseTime("1970-01-01"), parseTime("2200-01-01")];

export const bootAt = clockFault({
  plane: "clock",
  kind: "clock.boot-at",
  about:
    "Whenever the service is started while this lasts, the wall clock shows this time and goes on from there: a machine without a battery for its clock, before NTP has been heard. Nothing happens to a service that runs: have it restarted. What the clock shows stays until clock.step corrects it.",
  source:
    "RFC 8633, 4.2 (a clock that begins in 1970); PlanetLab Boot Manager e56dca2 (wrong hardware clock, reboot loop)",
  example: "{ time: 1970-01-01 }",
  pulse: false,
  leaves: "anything",
  needs: "clock",
  parameters: z.strictObject({
    time: z
      .string(help)
      .regex(timePattern, { error: help, abort: true })
      .refine((text) => {
        const time = parseTime(text);
        return time >= earliest && time < latest;
      }, "write a date from 1970 to 2199")
      .prefault("1970-01-01")
      .meta({
        title: "date",
        description: "a date, or a date and time of UTC",
        examples: ["1970-01-01", "2038-01-19T03:14:00Z"],
      }),
  }),
  inject: (target, { time }, { hit }) => target.bootAt(parseTime(time), () => hit({})),
});
