import { z } from "zod";
import { count } from "../units.ts";
import { ntpFault } from "./contract.ts";
import type { NtpPacket } from "./packet.ts";

export const replay = ntpFault({
  plane: "ntp",
  kind: "ntp.replay",
  about:
    "The client gets an old reply of the server's, to a request of long ago, beside the new one or instead of it. Everything in it is genuine but the moment.",
  source: "RFC 5905, section 8 (old duplicates); RFC 7384, section 3.2.5",
  example: "{ back: 1 }",
  pulse: false,
  parameters: z.strictObject({
    back: count(1, 1000)
      .prefault(1)
      .meta({ description: "how many requests ago", strengths: [1, 100] }),
    instead: z
      .enum(["yes", "no"], "write yes or no")
      .prefault("yes")
      .meta({ description: "instead of the new reply; else in front of it", examples: ["yes", "no"] }),
  }),
  // Oldest first; those which `nth` and the like leave alone are not in it.
  start: () => ({ kept: [] as NtpPacket[] }),
  after(reply, _request, state, { back, instead }) {
    const old = state.kept.at(-back);
    state.kept.push(reply.packet);
    if (state.kept.length > back) state.kept.shift();
    if (old === undefined) return reply;
    const replayed = { ...reply, packet: old };
    return instead === "yes" ? replayed : [replayed, reply];
  },
});
