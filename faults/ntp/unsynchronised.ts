import { z } from "zod";
import { count } from "../units.ts";
import { ntpFault } from "./contract.ts";
import { leapUnknown, unsynchronisedStratum } from "./packet.ts";

export const unsynchronised = ntpFault({
  plane: "ntp",
  kind: "ntp.unsynchronised",
  soughtAs: ["unsynchronized", "unsynced", "alarm"],
  about:
    "The server says that its own clock is not synchronised (LI 3, and mostly stratum 16): whoever takes the time from it takes anything.",
  source: "RFC 5905, section 7.3 and appendix A.5.1.1; Meziantou.Framework#2970 (accepted stratum 0)",
  example: "{}",
  pulse: false,
  parameters: z.strictObject({
    stratum: count(0, 255)
      .prefault(unsynchronisedStratum)
      .meta({ description: "what it says of its stratum; 0 is none, 16 and more are not synchronised" }),
    leap: count(0, 3)
      .prefault(leapUnknown)
      .meta({ description: "what its leap indicator says; 3 is a clock that is not synchronised" }),
  }),
  start: () => ({}),
  after: (reply, _request, _state, { stratum, leap }) => ({ ...reply, packet: { ...reply.packet, stratum, leap } }),
});
