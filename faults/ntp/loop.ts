import { z } from "zod";
import { ntpFault } from "./contract.ts";
import { referenceIdOfAddress } from "./packet.ts";

export const loop = ntpFault({
  plane: "ntp",
  kind: "ntp.loop",
  about:
    "The server says that it has its time from the client itself: its Reference ID is the client's address. That is an address from stratum 2 on only, so that a server of stratum 1 says 2. Two that follow each other drift wherever they like.",
  source: "RFC 5905, section 11.2 and appendix A.5.5.3 (a timing loop makes a server unfit)",
  example: "{}",
  pulse: false,
  parameters: z.strictObject({}),
  start: () => ({}),
  after(reply, _request, _state, _parameters, { client }) {
    const referenceId = referenceIdOfAddress(client) ?? reply.packet.referenceId;
    return { ...reply, packet: { ...reply.packet, referenceId, stratum: Math.max(2, reply.packet.stratum) } };
  },
});
