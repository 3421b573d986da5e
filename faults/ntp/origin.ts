import { z } from "zod";
import { ntpFault } from "./contract.ts";
import { unknownTime } from "./timestamp.ts";

const tos = ["other", "zero", "request"] as const;

export const origin = ntpFault({
  plane: "ntp",
  kind: "ntp.origin",
  about:
    "The reply's Origin Timestamp is not the Transmit Timestamp of the request: it answers another question, or, as far as anybody can tell, comes from somebody who has seen none.",
  source:
    "RFC 5905, section 8 (bogus packets); CVE-2015-8138; CVE-2016-7431; Meziantou.Framework#2970 (never compared)",
  example: "{ to: other }",
  pulse: false,
  parameters: z.strictObject({
    to: z
      .enum(tos, "write other, zero or request")
      .prefault("other")
      .meta({
        description: "some other time, 0, or the request's own Origin Timestamp (mostly that of the reply before)",
        examples: [...tos],
      }),
  }),
  start: () => ({}),
  after(reply, request, _state, { to }, { ordinal, draw }) {
    const other = (BigInt(Math.floor(draw("origin", ordinal) * 2 ** 32)) << 32n) | 1n;
    const written = { other, zero: unknownTime, request: request.origin }[to];
    return { ...reply, packet: { ...reply.packet, origin: written } };
  },
});
