import { z } from "zod";
import { count, duration } from "../units.ts";
import { ntpFault } from "./contract.ts";

export const duplicate = ntpFault({
  plane: "ntp",
  kind: "ntp.duplicate",
  about: "A reply comes more than once, the very same each time. Only the first may count.",
  source:
    "RFC 5905, section 8 (duplicate packets); clients of Arduino, whose queue gives the second reply to the next question",
  example: "{ delay: 100ms }",
  pulse: false,
  parameters: z.strictObject({
    copies: count(1, 100)
      .prefault(1)
      .meta({ description: "how many come besides the first", strengths: [1, 10] }),
    delay: duration.prefault("0ms").meta({ description: "from one to the next", strengths: ["0ms", "10s"] }),
  }),
  start: () => ({}),
  after: (reply, _request, _state, { copies, delay }) =>
    Array.from({ length: copies + 1 }, (_, n) => ({ ...reply, laterMs: reply.laterMs + n * delay })),
});
