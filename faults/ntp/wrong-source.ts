import { z } from "zod";
import { ntpFault } from "./contract.ts";

export const wrongSource = ntpFault({
  plane: "ntp",
  kind: "ntp.wrong-source",
  about: "The reply comes from another port than the one that was asked: whoever takes it takes anybody's.",
  source: "RFC 8633, section 5; RFC 9109; Meziantou.Framework#2970 (accepted any datagram)",
  example: "{}",
  pulse: false,
  parameters: z.strictObject({}),
  start: () => ({}),
  after: (reply) => ({ ...reply, fromElsewhere: true }),
});
