import { z } from "zod";
import { count } from "../units.ts";
import { ntpFault } from "./contract.ts";

export const mode = ntpFault({
  plane: "ntp",
  kind: "ntp.mode",
  about:
    "The reply is of a mode that does not answer a client: of a peer (1, 2), of a client itself (3), a broadcast (5), a control message (6), or private (7).",
  source: "RFC 5905, sections 3 and 7.3, and figure 20; Meziantou.Framework#2970 (accepted mode 3)",
  example: "{ to: 3 }",
  pulse: false,
  parameters: z.strictObject({
    to: count(0, 7).meta({ description: "the mode; a server's is 4", strengths: [3, 7] }),
  }),
  start: () => ({}),
  after: (reply, _request, _state, { to }) => ({ ...reply, packet: { ...reply.packet, mode: to } }),
});
