import { z } from "zod";
import { dnsFault } from "./contract.ts";
import { addressRecord, questionOf, rcodes } from "./message.ts";
import { ipv6Address, seconds, timeToLive, unlessTold } from "./parameters.ts";

export const unroutableAaaa = dnsFault({
  plane: "dns",
  kind: "dns.unroutable-aaaa",
  about:
    "The name has an IPv6 address as well, to which no way leads. A client that prefers IPv6 and tries one after the other waits for a connect that nobody answers, before it tries what works. A name that is not there stays so.",
  source: "RFC 8305, sections 1 and 4; RFC 6555",
  example: "{}",
  pulse: false,
  parameters: z.strictObject({
    address: unlessTold(
      ipv6Address("the address; by default one of the prefix that is for documentation"),
      "2001:db8::dead",
    ),
    ttl: timeToLive("how long a cache may keep it"),
  }),
  start: () => ({}),
  after(reply, query, _state, { address, ttl }) {
    const asked = questionOf(query);
    const { message } = reply;
    if (asked?.type !== "AAAA" || message.rcode !== rcodes.noerror) return undefined;
    const aliases = message.answers.filter(({ type }) => type === "CNAME");
    const target = aliases.at(-1)?.data;
    const owner = target !== undefined && "target" in target ? target.target : asked.name;
    const answers = [...aliases, addressRecord(owner, address, seconds(ttl))];
    return { ...reply, message: { ...message, answers, authorities: [] } };
  },
});
