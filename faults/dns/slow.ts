import { z } from "zod";
import { perItem } from "../distribution.ts";
import { delayOf } from "../jitter.ts";
import { duration } from "../units.ts";
import { dnsFault } from "./contract.ts";

export const slow = dnsFault({
  plane: "dns",
  kind: "dns.slow",
  soughtAs: ["latency", "delay", "late"],
  about:
    "Replies come later. Beyond what the client waits for, its question has been asked again by then, and it gets the answer to the first try while it waits for that of the second.",
  source: "RFC 1536, section 1; kubernetes#56903: 5 s for a pair of A and AAAA; CoDNS (OSDI 2004)",
  example: "{ by: 6s }",
  pulse: false,
  parameters: z.strictObject({
    by: duration.meta({ description: "how much later", strengths: ["100ms", "30s"] }),
    jitter: perItem(duration)
      .prefault("0ms")
      .meta({
        description:
          "what is added for every question: a duration is plus or minus so much, evenly; a distribution is added as drawn",
        perItem: true,
        strengths: ["10ms", "5s"],
      }),
  }),
  start: () => ({}),
  after(reply, _query, _state, { by, jitter }, { ordinal, draw }) {
    return { ...reply, laterMs: reply.laterMs + delayOf({ delay: by, jitter }, ordinal - 1, draw) };
  },
});
