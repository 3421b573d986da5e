import { z } from "zod";
import { dnsFault } from "./contract.ts";
import { questionOf, rcodes, soa } from "./message.ts";
import { parentOf } from "./name.ts";
import { seconds, timeToLive } from "./parameters.ts";

export const empty = dnsFault({
  plane: "dns",
  kind: "dns.empty",
  soughtAs: ["nodata"],
  about:
    "NODATA: NOERROR, and no answer. The name is there, and has nothing of that type; to a client that looks at the rcode alone it is a success without addresses.",
  source: "RFC 2308, section 2.2; consul#1888; AWS us-east-1, October 2025: an empty record for DynamoDB's endpoint",
  example: "{ soa: with }",
  pulse: false,
  parameters: z.strictObject({
    soa: z
      .enum(["with", "without"], "write with or without")
      .prefault("with")
      .meta({ description: "without an SOA it looks like a referral to nowhere, and nobody may keep it" }),
    negative_ttl: timeToLive("how long a cache may keep it"),
  }),
  start: () => ({}),
  after(reply, query, _state, { soa: wanted, negative_ttl: ttl }) {
    const authorities = wanted === "with" ? [soa(parentOf(questionOf(query)?.name ?? "."), seconds(ttl))] : [];
    const message = { ...reply.message, rcode: rcodes.noerror, answers: [], authorities, additionals: [] };
    return { ...reply, message };
  },
});
