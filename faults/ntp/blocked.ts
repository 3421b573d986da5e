import { z } from "zod";
import { ntpFault } from "./contract.ts";

export const blocked = ntpFault({
  plane: "ntp",
  kind: "ntp.blocked",
  soughtAs: ["refuse", "refused"],
  about:
    "Nobody waits at the link's port, and the kernel says so (ICMP, port unreachable): a client that has connected its socket gets ECONNREFUSED, another hears nothing. Silence for all is ntp.drop.",
  source: "RFC 792 (destination unreachable); sites that block NTP (Muir 2004, 3.3)",
  example: "{}",
  pulse: false,
  // Nobody sees whom the kernel refuses.
  leaves: "anything",
  door: "shut",
  parameters: z.strictObject({}),
  start: () => ({}),
});
