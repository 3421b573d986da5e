import { z } from "zod";
import { duration } from "../units.ts";
import { ntpFault } from "./contract.ts";
import { wrongBy } from "./packet.ts";

export const wander = ntpFault({
  plane: "ntp",
  kind: "ntp.wander",
  about:
    "The server's clock wanders: with each request of a client it has gone a little further, forth or back, from where it was. Unlike noise, no filter of the client's can tell it from its own clock's.",
  source: "RFC 5905, section 9.1 (wander), and 11.3",
  example: "{ by: 20ms }",
  pulse: false,
  parameters: z.strictObject({
    by: duration.meta({
      description: "how far it goes from one request to the next at most",
      strengths: ["100us", "1s"],
    }),
  }),
  start: () => ({ wrong: 0 }),
  after(reply, _request, state, { by }, { ordinal, draw }) {
    state.wrong += (draw("wander", ordinal) * 2 - 1) * by;
    return { ...reply, packet: wrongBy(reply.packet, state.wrong) };
  },
});
