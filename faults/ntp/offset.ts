import { z } from "zod";
import { signedDuration } from "../units.ts";
import { ntpFault } from "./contract.ts";
import { wrongBy } from "./packet.ts";

export const offset = ntpFault({
  plane: "ntp",
  kind: "ntp.offset",
  soughtAs: ["falseticker"],
  about:
    "The server's time is wrong by so much, as long as it lasts: a falseticker. On one link of several it is a minority that clients should vote down, on most of them a majority that they must believe.",
  source:
    "RFC 5905, section 11.2.1 (intersection); RFC 9523; 442 servers of the pool one second off, January 2017; NIST Boulder, December 2025",
  example: "{ by: -3s }",
  pulse: false,
  parameters: z.strictObject({
    by: signedDuration.meta({ description: "late servers are below 0", strengths: ["1ms", "1h"] }),
  }),
  start: () => ({}),
  after: (reply, _request, _state, { by }) => ({ ...reply, packet: wrongBy(reply.packet, by) }),
});
