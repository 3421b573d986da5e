import { z } from "zod";
import { duration } from "../units.ts";
import { atLeastOne } from "../at-least-one.ts";
import { ntpFault } from "./contract.ts";

const either = ["out", "back"];

export const asymmetricDelay = ntpFault({
  plane: "ntp",
  kind: "ntp.asymmetric-delay",
  soughtAs: ["delay", "latency", "slow"],
  about:
    "Requests take longer to the server than replies take back, or the other way round. A client believes that both take the same time, and so its clock is set wrong by half of the difference, with nothing in any packet that would show it. Equal delays are harmless; those of minutes make a server that answers only then.",
  source: "RFC 7384, section 3.2.6; RFC 5905, section 8 (the offset is (T2 − T1 + T3 − T4) / 2)",
  example: "{ back: 300ms }",
  pulse: false,
  atLeastOneOf: either,
  parameters: z
    .strictObject({
      out: duration.optional().meta({ description: "to the server; by default nothing", strengths: ["1ms", "5s"] }),
      back: duration
        .optional()
        .meta({ description: "back to the client; by default nothing", strengths: ["1ms", "5s"] }),
    })
    .refine(...atLeastOne(either, "back: 300ms")),
  start: () => ({}),
  before: (packet, _state, { out = 0 }) => (out === 0 ? undefined : { type: "pass", packet, laterMs: out }),
  after: (reply, _request, _state, { back = 0 }) => (back === 0 ? reply : { ...reply, laterMs: reply.laterMs + back }),
});
