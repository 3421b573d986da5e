import { z } from "zod";
import { asAlias, askForTarget } from "./alias.ts";
import { dnsFault, type Message } from "./contract.ts";
import { addressRecord, answerTo, questionOf, resource, soa, type Question } from "./message.ts";
import { isSameName, parentOf } from "./name.ts";
import { domainName, ipAddress, optional, seconds, timeToLive, typeOf } from "./parameters.ts";

export const answer = dnsFault({
  plane: "dns",
  kind: "dns.answer",
  about:
    "A name is something else: an alias, or another address, as long as the fault lasts. Drawn anew at each occurrence (`cname: { cycle: [a.test, b.test] }` in a step with `every`), it moves back and forth, and whoever keeps the old answer, or looks a name up only once, is left behind.",
  source: "RFC 1034, section 3.6.2; RFC 2181, section 10.1; Muir 2004, 3.1; unbound#1424",
  example: "{ name: boot.test, cname: boot-a.test, ttl: 5s }",
  pulse: false,
  parameters: z
    .strictObject({
      name: domainName("whose; other names are left alone"),
      cname: optional(domainName("what it is an alias of; the server is asked for the records of that")),
      address: optional(ipAddress("its one address, or with cname that of the target; the server isn't asked")),
      ttl: timeToLive("how long a cache may keep it"),
    })
    .refine(
      ({ cname, address }) => cname !== undefined || address !== undefined,
      "write cname or address or both, such as cname: boot-a.test",
    ),
  start: () => ({}),
  before(query, _state, parameters) {
    const asked = questionOf(query);
    if (asked === undefined || !isSameName(asked.name, parameters.name)) return undefined;
    const { cname, address } = parameters;
    if (address !== undefined)
      return {
        type: "answer",
        replies: [{ message: withAddress(query, asked, { ...parameters, address }), laterMs: 0 }],
      };
    return cname === undefined ? undefined : askForTarget(query, { target: cname });
  },
  after(reply, query, _state, { name, cname, address, ttl }) {
    const asked = questionOf(query);
    if (cname === undefined || address !== undefined || asked === undefined) return undefined;
    if (!isSameName(asked.name, name)) return undefined;
    return { ...reply, message: asAlias(reply.message, query, { target: cname, ttl: seconds(ttl) }) };
  },
});

interface Wanted {
  readonly address: string;
  readonly cname?: string | undefined;
  readonly ttl: number;
}

function withAddress(
  query: Message,
  { name, type }: Pick<Question, "type"> & { readonly name: string },
  { address, cname, ttl }: Wanted,
): Message {
  const owner = cname ?? name;
  const alias = cname === undefined ? [] : [resource(name, "CNAME", seconds(ttl), { target: cname })];
  const has = type === typeOf(address) ? [addressRecord(owner, address, seconds(ttl))] : [];
  const isWhole = has.length > 0 || (type === "CNAME" && alias.length > 0);
  const authorities = isWhole ? [] : [soa(parentOf(owner), seconds(ttl))];
  return answerTo(query, { aa: true, answers: [...alias, ...has], authorities });
}
