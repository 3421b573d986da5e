import { z } from "zod";
import { count } from "../units.ts";
import { dnsFault } from "./contract.ts";

export const cut = dnsFault({
  plane: "dns",
  kind: "dns.cut",
  about:
    "A datagram ends before what its header counts, in the middle of a record, and no TC says so. Over TCP see dns.tcp-framing.",
  source: "RFC 1035, section 4.1; parsers of hickory-dns and cool.io",
  example: "{ bytes: 30 }",
  pulse: false,
  parameters: z.strictObject({
    bytes: count(1, 65_507)
      .prefault(30)
      .meta({
        description: "how many are left, unless it has fewer; the header has 12, the question begins behind it",
        strengths: [60, 5],
      }),
  }),
  start: () => ({}),
  after(reply, _query, _state, { bytes }, { transport, sizeOf }) {
    const left = Math.min(sizeOf(reply), reply.length ?? Infinity);
    return transport === "udp" && left > bytes ? { ...reply, length: bytes } : undefined;
  },
});
