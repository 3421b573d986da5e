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
          "Whose behaviour it has: ntpd steps above 128 ms if that lasts for 300 s, and ends above 1000 s; chrony steps only at first (makestep 1 3); timesyncd steps above 400 ms, without any bound.",
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
        "For how long offsets beyond the step threshold are taken for spikes, from the last one that was not; by default 300s for ntpd (its tinker stepout; 900s before 4.2.8), and the others take none for a spike.",
    }),
    drift_file: z.boolean().optional().meta({
      description:
        "For ntpd: whether it finds in its drift file how fast its clock is; by default true. Without, it finds it out first, and for one stepout does nothing else.",
    }),
  })
  .refine(({ policy, drift_file }) => drift_file === undefined || policy === "ntpd", {
    path: ["drift_file"],
    error: "leave out drift_file: it is for policy: ntpd",
  })
  .meta({ id: "timekeeper" });
