import { z } from "zod";
import { size } from "../units.ts";
import { ntpFault } from "./contract.ts";

const header = 48;
const most = 65_507;

export const length = ntpFault({
  plane: "ntp",
  kind: "ntp.length",
  about:
    "The reply is cut off, or has zeros behind its end. One of less than 48 bytes is no NTP packet; behind them only extension fields and a MAC are allowed, and zeros are no field (to 52B they are a crypto-NAK, to 68B or 72B a MAC).",
  source: "RFC 5905, section 7.3; RFC 7822, section 3",
  example: "{ to: 40B }",
  pulse: false,
  parameters: z.strictObject({
    to: size
      .refine((bytes) => bytes <= most, "write a size up to 65507B")
      .meta({ description: "how long it is", strengths: ["47B", "0B"] }),
  }),
  start: () => ({}),
  after(reply, _request, _state, { to }) {
    const { rest } = reply.packet;
    if (to < header) return { ...reply, length: to };
    const padded = new Uint8Array(to - header);
    padded.set(rest.subarray(0, padded.length));
    return { ...reply, packet: { ...reply.packet, rest: padded } };
  },
});
