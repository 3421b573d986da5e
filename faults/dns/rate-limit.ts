import { z } from "zod";
import { count } from "../units.ts";
import { dnsFault } from "./contract.ts";
import { answerTo } from "./message.ts";
import { keep, nothingKept } from "./kept.ts";

export const rateLimit = dnsFault({
  plane: "dns",
  kind: "dns.rate-limit",
  soughtAs: ["rrl"],
  about:
    "A server that limits its responses: beyond so many a second a client's queries over UDP are dropped, and every so-manieth is answered by TC alone, so that real clients can go on over TCP, which is not limited.",
  source: "BCP 140 (RFC 5358); response rate limiting of BIND and NSD: `responses-per-second`, `slip`",
  example: "{ per_second: 5, slip: 2 }",
  pulse: false,
  parameters: z.strictObject({
    per_second: count(0, 1_000_000).meta({ description: "how many it answers to one client", strengths: [100, 0] }),
    slip: count(0, 1000)
      .prefault(2)
      .meta({ description: "every so-manieth beyond that is answered by TC; 0: all are dropped" }),
  }),
  start: () => nothingKept<{ readonly second: number; readonly asked: number }>(),
  before(query, state, { per_second: perSecond, slip }, { transport, client, now }) {
    if (transport === "tcp") return undefined;
    const second = Math.floor(now / 1000);
    const known = state.by.get(client);
    const asked = known?.second === second ? known.asked + 1 : 1;
    keep(state, client, { second, asked });
    const beyond = asked - perSecond;
    if (beyond <= 0) return undefined;
    if (slip === 0 || beyond % slip !== 0) return { type: "drop" };
    return { type: "answer", replies: [{ message: answerTo(query, { tc: true }), laterMs: 0 }] };
  },
});
