import { z } from "zod";
import { duration } from "../units.ts";
import { dnsFault } from "./contract.ts";
import { questionOf } from "./message.ts";

const other = { A: "AAAA", AAAA: "A" } as const;

export const reorder = dnsFault({
  plane: "dns",
  kind: "dns.reorder",
  about:
    "Of a pair of questions for A and AAAA that a client asks at once, always the same one is answered last, whichever the server has answered first.",
  source: "RFC 8305, section 3; glibc and musl ask both at once over one socket",
  example: "{ last: A }",
  pulse: false,
  parameters: z.strictObject({
    last: z
      .enum(["A", "AAAA"], "write A or AAAA")
      .meta({ description: "whose reply waits for the other's", examples: ["A", "AAAA"] }),
    longest: duration
      .prefault("2s")
      .meta({ description: "how long it waits at most, for whoever asks only one", strengths: ["100ms", "5s"] }),
  }),
  start: () => ({}),
  after: (reply, query, _state, { last, longest }) =>
    questionOf(query)?.type === last ? { ...reply, laterMs: reply.laterMs + longest, behind: other[last] } : undefined,
});
