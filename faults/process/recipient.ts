import { z } from "zod";
import { recipients, type Recipient } from "./contract.ts";

/** The parameter `to` of those faults that signal. */
export function recipient(unlessTold: Recipient): z.ZodPrefault<z.ZodEnum<Readonly<Record<Recipient, Recipient>>>> {
  return z
    .enum(recipients, { error: `write one of ${recipients.join(", ")}` })
    .prefault(unlessTold)
    .meta({ description: "the service's own process, its whole process group, or all its processes" });
}
