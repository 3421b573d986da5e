import { z } from "zod";
import { count } from "../units.ts";
import { tcpFault } from "./contract.ts";

export const connections = tcpFault({
  plane: "tcp",
  kind: "tcp.connections",
  about:
    "So many connections at a time, and no more: one too many is reset, closed politely, or held unanswered until the fault is lifted. Those that were there before stay, and count.",
  source: "listen(2), backlog; accept(2), EMFILE",
  example: "{ most: 2, beyond: reset }",
  pulse: false,
  direction: "upstream",
  only: "upstream",
  parameters: z.strictObject({
    most: count(0, 100_000).meta({ description: "how many connections there may be at a time", strengths: [16, 1] }),
    beyond: z
      .enum(["reset", "close", "hold"], "write reset, close or hold")
      .prefault("reset")
      .meta({ description: "what becomes of one too many", examples: ["reset", "close", "hold"] }),
  }),
  start: () => ({}),
  map(item, _state, { most, beyond }, { since, others }) {
    if (item.type !== "open" || others < most) return item;
    if (beyond === "hold") return { ...item, due: Infinity };
    return { type: beyond === "reset" ? "rst" : "close", due: since };
  },
});
