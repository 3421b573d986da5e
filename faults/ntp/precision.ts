import { z } from "zod";
import { count } from "../units.ts";
import { ntpFault } from "./contract.ts";
import type { Timestamp } from "./timestamp.ts";

export const precision = ntpFault({
  plane: "ntp",
  kind: "ntp.precision",
  about:
    "The server's clock is a coarse one, that ticks only so often: its times are those of its last tick, and it says so, or claims to be a better one.",
  source: "RFC 5905, sections 7.3 and 8 (precision, in the dispersion of a sample); systemd/systemd#14404",
  example: "{ to: -6 }",
  pulse: false,
  parameters: z.strictObject({
    to: count(-32, 6).meta({
      description: "one tick lasts 2 to the power of it, in seconds: -6 is 16 ms, 0 is a second",
      strengths: [-10, 2],
    }),
    says: z
      .enum(["so", "nothing"], "write so or nothing")
      .prefault("so")
      .meta({ description: "whether its Precision says so, or stays as it was", examples: ["so", "nothing"] }),
  }),
  start: () => ({}),
  after: (reply, _request, _state, { to, says }) => ({
    ...reply,
    packet: {
      ...reply.packet,
      precision: says === "so" ? to : reply.packet.precision,
      receive: tickOf(reply.packet.receive, to),
      transmit: tickOf(reply.packet.transmit, to),
    },
  }),
});

function tickOf(time: Timestamp, exponent: number): Timestamp {
  const bits = BigInt(32 + exponent);
  return (time >> bits) << bits;
}
