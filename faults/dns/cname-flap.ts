import { z } from "zod";
import { dnsFault } from "./contract.ts";
import { isNamed, questionOf, resource } from "./message.ts";
import { ipAddress, domainName, seconds, typeOf } from "./parameters.ts";
import { duration } from "../units.ts";

export const cnameFlap = dnsFault({
  plane: "dns",
  kind: "dns.cname-flap",
  about:
    "The name is an alias whose target changes from one question to the next, with a short life: first one, then another, and back. What the targets' addresses are is in the same answer.",
  source: "RFC 1034, section 3.6.2; RFC 2181, section 10.1; unbound#1424; Muir 2004, 3.1",
  example: "{ to: a.test, address: 198.18.0.3, or: b.test, other_address: 198.18.0.4 }",
  pulse: false,
  parameters: z.strictObject({
    to: domainName("the target of the first question, the third, and so on"),
    or: domainName("that of the second, the fourth, and so on"),
    address: ipAddress("of the first target; by default those that the server gives to the name")
      .optional()
      .meta({ title: "text", description: "of the first target; by default those that the server gives to the name" }),
    other_address: ipAddress("of the second target; by default those that the server gives to the name")
      .optional()
      .meta({ title: "text", description: "of the second target; by default those that the server gives to the name" }),
    ttl: duration.prefault("1s").meta({ description: "how long a cache may keep the alias" }),
  }),
  start: () => ({}),
  after(reply, query, _state, parameters, { ordinal }) {
    const asked = questionOf(query);
    if (asked === undefined) return undefined;
    const odd = ordinal % 2 === 1;
    const target = odd ? parameters.to : parameters.or;
    const address = odd ? parameters.address : parameters.other_address;
    const ttl = seconds(parameters.ttl);
    const { message } = reply;
    const own = message.answers.filter((each) => each.type === asked.type);
    const addresses =
      address === undefined
        ? own.map((each) => ({ ...each, name: isNamed(each, asked.name) ? target : each.name }))
        : asked.type === typeOf(address)
          ? [resource(target, asked.type, ttl, { address })]
          : [];
    const alias = resource(asked.name, "CNAME", ttl, { target });
    // An alias and nothing else: what it leads to has nothing of that type.
    const authorities = addresses.length === 0 ? message.authorities : [];
    return { ...reply, message: { ...message, rcode: 0, answers: [alias, ...addresses], authorities } };
  },
});
