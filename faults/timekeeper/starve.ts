import { z } from "zod";
import { duration } from "../units.ts";
import { timekeeperFault } from "./contract.ts";

export const starve = timekeeperFault({
  plane: "timekeeper",
  kind: "timekeeper.starve",
  about:
    "The service's NTP client hardly ever gets to run, as on a machine under load, and so its clock is hardly ever corrected. Each question that it does not ask is a hit.",
  source: "Muir 2004, 3.3 (under load, NTP ran too rarely)",
  example: "{ every: 2h }",
  pulse: false,
  needs: "timekeepers",
  parameters: z.strictObject({
    every: duration
      .refine((milliseconds) => milliseconds > 0, "write a time above 0, such as 2h")
      .optional()
      .meta({ description: "from one question to the next at least; by default it asks nobody" }),
  }),
  async inject(target, { every = Infinity }, { hit }) {
    return target.starve(every, () => hit({}));
  },
});
