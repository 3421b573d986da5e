import { z } from "zod";
import { dnsFault } from "./contract.ts";

export const loss = dnsFault({
  plane: "dns",
  kind: "dns.loss",
  about:
    "Datagrams are lost, queries or replies: with `match: { qtype: AAAA }` one of a pair, with `probability` some. A reply is lost when the server has answered already. Over TCP nothing is lost.",
  source:
    "RFC 8305, section 3; RFC 4074; kubernetes#56903: one of the pair of A and AAAA is lost, and the client waits 5 s",
  example: "{ of: reply }",
  pulse: false,
  parameters: z.strictObject({
    of: z
      .enum(["query", "reply"], "write query or reply")
      .prefault("reply")
      .meta({ description: "what is lost", examples: ["query", "reply"] }),
    tries: z
      .enum(["first", "all"], "write first or all")
      .prefault("all")
      .meta({ description: "of a question: only its first try, or all", examples: ["first", "all"] }),
  }),
  start: () => ({}),
  before(_query, _state, { of, tries }, { transport, attempt }) {
    const lost = of === "query" && transport === "udp" && (tries === "all" || attempt === 1);
    return lost ? { type: "drop" } : undefined;
  },
  after(_reply, _query, _state, { of, tries }, { transport, attempt }) {
    const lost = of === "reply" && transport === "udp" && (tries === "all" || attempt === 1);
    return lost ? [] : undefined;
  },
});
