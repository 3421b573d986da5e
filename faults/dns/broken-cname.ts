import { z } from "zod";
import { dnsFault } from "./contract.ts";
import { questionOf, rcodes, resource, soa } from "./message.ts";
import { parentOf } from "./name.ts";
import { domainName, seconds, timeToLive, unlessTold } from "./parameters.ts";

const hows = ["dangling", "alone", "with-data", "at-apex"] as const;

export const brokenCname = dnsFault({
  plane: "dns",
  kind: "dns.broken-cname",
  soughtAs: ["dangling-cname"],
  about:
    "An alias that is half an answer, or one that must not be: its target is not there, or is not told, or the name has other data besides the alias.",
  source: "RFC 2181, section 10.1; RFC 1912, section 2.4; RFC 2308, section 2.1; RFC 6604; Technitium#1893",
  example: "{ how: dangling }",
  pulse: false,
  parameters: z.strictObject({
    how: z.enum(hows, `write one of ${hows.join(", ")}`).meta({
      description:
        "dangling: the target does not exist (NXDOMAIN with an alias in it); alone: the target is said, and no address, as if nobody had looked for it; with-data: an alias, and the name's own records beside it; at-apex: an alias beside SOA and NS of the same name",
      examples: [...hows],
    }),
    target: unlessTold(domainName("what it is an alias of"), "gone.invalid"),
    ttl: timeToLive("how long a cache may keep it"),
  }),
  start: () => ({}),
  after(reply, query, _state, { how, target, ttl }) {
    const asked = questionOf(query);
    if (asked === undefined) return undefined;
    const { message } = reply;
    const alias = resource(asked.name, "CNAME", seconds(ttl), { target });
    const bare = { ...message, authorities: [], additionals: [] };
    switch (how) {
      case "dangling":
        return {
          ...reply,
          message: {
            ...bare,
            rcode: rcodes.nxdomain,
            answers: [alias],
            authorities: [soa(parentOf(target), seconds(ttl))],
          },
        };
      case "alone":
        return { ...reply, message: { ...bare, rcode: rcodes.noerror, answers: [alias] } };
      case "with-data":
        return { ...reply, message: { ...message, answers: [alias, ...message.answers] } };
      case "at-apex": {
        const apex = [soa(asked.name, seconds(ttl)), resource(asked.name, "NS", seconds(ttl), { target })];
        return { ...reply, message: { ...message, answers: [alias, ...message.answers], authorities: apex } };
      }
    }
  },
});
