import { z } from "zod";
import { count, signedDuration } from "../units.ts";
import { ntpFault } from "./contract.ts";
import { wrongBy } from "./packet.ts";

export const alternate = ntpFault({
  plane: "ntp",
  kind: "ntp.alternate",
  about:
    "The server's time is right and wrong by turns, as of several servers behind one address that do not agree: a client that believes each reply jumps with every poll.",
  source:
    "RFC 5905, sections 10 and 11.3 (what the filter lets through is a step each time); systemd/systemd#14404 (a jump every 30 s)",
  example: "{ by: 2s }",
  pulse: false,
  parameters: z.strictObject({
    by: signedDuration.meta({ description: "how wrong it is when it is wrong", strengths: ["10ms", "1h"] }),
    right: count(1, 1000).prefault(1).meta({ description: "how many replies in a row are right" }),
    wrong: count(1, 1000).prefault(1).meta({ description: "how many are wrong then" }),
  }),
  start: () => ({ seen: 0 }),
  after(reply, _request, state, { by, right, wrong }) {
    const place = state.seen % (right + wrong);
    state.seen += 1;
    return place < right ? reply : { ...reply, packet: wrongBy(reply.packet, by) };
  },
});
