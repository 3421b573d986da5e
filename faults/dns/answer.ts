import { z } from "zod";
import { asAlias, askForTarget } from "./alias.ts";
import { dnsFault } from "./contract.ts";
import { addressRecord, answerTo, questionOf, soa } from "./message.ts";
import { isSameName, parentOf } from "./name.ts";
import { domainName, ipAddress, optional, seconds, timeToLive, typeOf } from "./parameters.ts";

export const answer = dnsFault({
  plane: "dns",
  kind: "dns.answer",
  soughtAs: ["cname", "alias"],
  about:
    "A name is something else: an alias, or another address, as long as the fault lasts. Drawn anew at each occurrence (`cname: { cycle: [a.test, b.test] }` in a step with `every`), it moves back and forth, and whoever keeps the old answer, or looks a name up only once, is left behind.",
  source: "RFC 1034, section 3.6.2; RFC 2181, section 10.1; Muir 2004, 3.1; unbound#1424",
  example: "{ name: boot.test, cname: boot-a.test, ttl: 5s }",
  pulse: false,
  exactlyOneOf: ["cname", "address"],
  parameters: z
    .strictObject({
      name: domainName("whose; other names are left alone"),
      cname: optional(domainName("what it is an alias of; the server is asked for the records of that")),
      address: optional(ipAddress("its one address; the server isn't asked")),
      ttl: timeToLive("how long a cache may keep it"),
    })
    .refine(
      ({ cname, address }) => (cname === undefined) !== (address === undefined),
      "write exactly one of cname and address, such as cname: boot-a.test",
    ),
  start: () => ({}),
  before(query, _state, { name, cname, address, ttl }) {
    const asked = questionOf(query);
    if (asked === undefined || !isSameName(asked.name, name)) return undefined;
    if (address === undefined) return cname === undefined ? undefined : askForTarget(query, { target: cname });
    const answers = asked.type === typeOf(address) ? [addressRecord(asked.name, address, seconds(ttl))] : [];
    const authorities = answers.length > 0 ? [] : [soa(parentOf(name), seconds(ttl))];
    return { type: "answer", replies: [{ message: answerTo(query, { aa: true, answers, authorities }), laterMs: 0 }] };
  },
  after(reply, query, _state, { name, cname, ttl }) {
    const asked = questionOf(query);
    if (cname === undefined || asked === undefined || !isSameName(asked.name, name)) return undefined;
    return { ...reply, message: asAlias(reply.message, query, { target: cname, ttl: seconds(ttl) }) };
  },
});
