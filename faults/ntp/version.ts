import { z } from "zod";
import { count } from "../units.ts";
import { ntpFault } from "./contract.ts";

export const version = ntpFault({
  plane: "ntp",
  kind: "ntp.version",
  about:
    "The reply says that it is of another version of NTP than the request: of an old one, which clients may take, or of one that nobody knows.",
  source: "RFC 5905, section 7.3 (VN); Meziantou.Framework#2970 (accepted version 7)",
  example: "{ to: 7 }",
  pulse: false,
  parameters: z.strictObject({
    to: count(0, 7).meta({ description: "the version number; 1 to 4 have been specified", strengths: [3, 7] }),
  }),
  start: () => ({}),
  after: (reply, _request, _state, { to }) => ({ ...reply, packet: { ...reply.packet, version: to } }),
});
