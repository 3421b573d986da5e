/** The NTP client of a service. */
import { z } from "zod";
import { duration } from "../../../faults/units.ts";
import { policyNames } from "../../timekeeper/policy.ts";
import { bound, name } from "./words.ts";

export const timekeeper = z
  .strictObject({
    policy: z
      .enum(policyNames, `write ${policyNames.join(", ")}`)
      .default("ntpd")
      .meta({
        description:
          "Whose behaviour it has: ntpd steps above 128 ms after 300 s, and ends above 1000 s; chrony steps only at first (makestep 1 3); timesyncd steps above 400 ms, without any bound.",
      }),
    servers: z
      .array(name)
      .min(1, "write at least one link with proto: ntp")
      .meta({ description: "The links over which it asks: those of the service with proto: ntp." }),
    poll: bound(duration).optional().meta({
      description:
        "From one question to the next, such as 64s; by default as the policy has it, growing when all is quiet.",
    }),
    stepout: bound(duration).optional().meta({
      description:
        "For how long an offset must have been beyond the step threshold before the clock is stepped; by default 300s for ntpd (its tinker stepout), and no time for the others.",
    }),
  })
  .meta({ id: "timekeeper" });
