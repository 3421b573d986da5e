import { z } from "zod";
import { count } from "../units.ts";
import { dnsFault } from "./contract.ts";
import type { Resource } from "./message.ts";

export const ttl = dnsFault({
  plane: "dns",
  kind: "dns.ttl",
  about:
    "Records have another time to live than their zone says: 0, which nobody may keep; 2147483647, which pins a cache for 68 years; above that, which means 0; or another one for each record of a set, which must not be.",
  source: "RFC 2181, sections 5.2 and 8; RFC 8767, section 4",
  example: "{ seconds: 0 }",
  pulse: false,
  parameters: z.strictObject({
    seconds: count(0, 0xffff_ffff).meta({ description: "the 32 bits as they are", strengths: [1, 2_147_483_647] }),
    each: count(0, 86_400)
      .prefault(0)
      .meta({ description: "by how much that of each further record is larger, so that those of one set differ" }),
    per_question: count(-86_400, 86_400)
      .prefault(0)
      .meta({ description: "by how much it is larger at each further question; below 0: smaller, as from a cache" }),
  }),
  start: () => ({}),
  after(reply, _query, _state, { seconds, each, per_question: perQuestion }, { ordinal }) {
    const changed = (record: Resource, n: number): Resource => {
      const value = seconds + n * each + (ordinal - 1) * perQuestion;
      return { ...record, ttl: Math.min(0xffff_ffff, Math.max(0, value)) };
    };
    return { ...reply, message: { ...reply.message, answers: reply.message.answers.map(changed) } };
  },
});
