import { z } from "zod";
import { dnsFault } from "./contract.ts";

export const wrongId = dnsFault({
  plane: "dns",
  kind: "dns.wrong-id",
  soughtAs: ["txid"],
  about:
    "The reply has another id than the query. Who compares goes on waiting, as if nothing had come; who does not can be told anything.",
  source: "RFC 5452, section 9.1; hickory-dns#3526; haproxy#1688",
  example: "{}",
  pulse: false,
  parameters: z.strictObject({}),
  start: () => ({}),
  // Never the same one: 1 to 65,535 further.
  after: (reply, _query, _state, _parameters, { draw }) => ({
    ...reply,
    message: { ...reply.message, id: (reply.message.id + 1 + Math.floor(draw("id", 0) * 0xffff)) & 0xffff },
  }),
});
