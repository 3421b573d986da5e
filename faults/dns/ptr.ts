import { z } from "zod";
import { count } from "../units.ts";
import { dnsFault } from "./contract.ts";
import { questionOf, rcodes, resource, soa } from "./message.ts";
import { parentOf, under } from "./name.ts";
import { domainName, seconds, timeToLive, unlessTold } from "./parameters.ts";

const hows = ["other", "none", "many"] as const;

export const ptr = dnsFault({
  plane: "dns",
  kind: "dns.ptr",
  about:
    "Backwards it is not as forwards: the name that belongs to an address by PTR is another one, which does not lead back to the address; or there is none, or there are many. Whoever admits hosts by their names (sshd, NFS, PLC) shows it.",
  source: "RFC 1912, section 2.1; RFC 2181, section 10.2; Muir 2004, 3.1",
  example: "{ how: other, name: stranger.test }",
  pulse: false,
  parameters: z.strictObject({
    how: z
      .enum(hows, `write one of ${hows.join(", ")}`)
      .prefault("other")
      .meta({ description: "what a question for PTR is answered", examples: [...hows] }),
    name: unlessTold(domainName("the other name; of many, what they end in"), "stranger.test"),
    count: count(2, 1000).prefault(8).meta({ description: "of many: how many" }),
    ttl: timeToLive("how long a cache may keep it"),
  }),
  start: () => ({}),
  after(reply, query, _state, { how, name, count: many, ttl }) {
    const asked = questionOf(query);
    if (asked?.type !== "PTR") return undefined;
    const { message } = reply;
    if (how === "none") {
      const authorities = [soa(parentOf(asked.name), seconds(ttl))];
      return { ...reply, message: { ...message, rcode: rcodes.nxdomain, answers: [], authorities, additionals: [] } };
    }
    const targets = how === "other" ? [name] : Array.from({ length: many }, (_, n) => under(`name-${n + 1}`, name));
    const answers = targets.map((target) => resource(asked.name, "PTR", seconds(ttl), { target }));
    return { ...reply, message: { ...message, rcode: rcodes.noerror, answers, authorities: [] } };
  },
});
