import { z } from "zod";
import { count } from "../units.ts";
import { ntpFault } from "./contract.ts";

export const stratum = ntpFault({
  plane: "ntp",
  kind: "ntp.stratum",
  about:
    "The server says that it is so many steps from a reference clock; climbing from request to request, it is one that follows a server which follows it.",
  source: "RFC 5905, sections 3 and 7.3, and appendix A.5.5.3",
  example: "{ to: 15 }",
  pulse: false,
  parameters: z.strictObject({
    to: count(1, 255).meta({ description: "the stratum; 15 is the last that is synchronised", strengths: [3, 16] }),
    climbs: z
      .enum(["yes", "no"], "write yes or no")
      .prefault("no")
      .meta({
        description: "one more with each request, from what the server says up to there",
        examples: ["yes", "no"],
      }),
  }),
  start: () => ({ asked: 0 }),
  after(reply, _request, state, { to, climbs }) {
    state.asked += 1;
    const climbed = Math.min(to, reply.packet.stratum + state.asked);
    return { ...reply, packet: { ...reply.packet, stratum: climbs === "yes" ? climbed : to } };
  },
});
