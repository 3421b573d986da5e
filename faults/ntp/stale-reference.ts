import { z } from "zod";
import { duration } from "../units.ts";
import { ntpFault } from "./contract.ts";
import { shifted } from "./timestamp.ts";

export const staleReference = ntpFault({
  plane: "ntp",
  kind: "ntp.stale-reference",
  about:
    "The server's own clock was set last a long time ago, as its Reference Timestamp says: it has lost its servers, and runs free. Its root dispersion grows with it (15 µs a second), as RFC 5905 has it, unless told otherwise: by 1.3 s a day, and chrony believes nobody of more than 3 s.",
  source: "RFC 5905, sections 7.3 and 11.1 (PHI)",
  example: "{ age: 3d }",
  pulse: false,
  parameters: z.strictObject({
    age: duration.meta({ description: "how long ago that was", strengths: ["1h", "30d"] }),
    dispersion: z
      .enum(["grows", "stays"], "write grows or stays")
      .prefault("grows")
      .meta({ description: "what becomes of the root dispersion", examples: ["grows", "stays"] }),
  }),
  start: () => ({}),
  after(reply, _request, _state, { age, dispersion }) {
    const { transmit, rootDispersionMs } = reply.packet;
    const grown = dispersion === "grows" ? rootDispersionMs + age * 15e-6 : rootDispersionMs;
    return {
      ...reply,
      packet: { ...reply.packet, reference: shifted(transmit, -age), rootDispersionMs: grown },
    };
  },
});
