import { z } from "zod";
import { count, duration } from "../units.ts";
import { dnsFault } from "./contract.ts";
import { isTransfer } from "./message.ts";

export const duplicate = dnsFault({
  plane: "dns",
  kind: "dns.duplicate",
  about:
    "The same reply comes more than once. Whoever uses a socket again finds the second one waiting when it asks the next question. Transfers (AXFR, IXFR) are left alone.",
  source: "RFC 5452, section 4; DnsClient.NET#140; dnsjit#99",
  example: "{ after: 10ms }",
  pulse: false,
  parameters: z.strictObject({
    copies: count(1, 100)
      .prefault(1)
      .meta({ description: "how many besides it", strengths: [1, 20] }),
    after: duration.prefault("0ms").meta({ description: "how much later each is than the one before" }),
  }),
  start: () => ({}),
  after: (reply, query, _state, { copies, after }) =>
    isTransfer(query)
      ? undefined
      : Array.from({ length: copies + 1 }, (_, n) => ({ ...reply, laterMs: reply.laterMs + n * after })),
});
