import { z } from "zod";
import { asAlias, askForTarget, type Alias } from "./alias.ts";
import { dnsFault } from "./contract.ts";
import { addressRecord, questionOf, rcodes, soa } from "./message.ts";
import { parentOf } from "./name.ts";
import { domainName, ipAddress, optional, seconds, typeOf } from "./parameters.ts";
import { duration } from "../units.ts";

export const cnameFlap = dnsFault({
  plane: "dns",
  kind: "dns.cname-flap",
  about:
    "The name is an alias whose target changes from one question to the next, with a short life: first one, then another, and back. The targets' addresses are in the same answer: those that the server gives them, or others.",
  source: "RFC 1034, section 3.6.2; RFC 2181, section 10.1; unbound#1424; Muir 2004, 3.1",
  example: "{ to: boot-a.test, or: boot-b.test }",
  pulse: false,
  parameters: z.strictObject({
    to: domainName("the target of the first question, the third, and so on"),
    or: domainName("that of the second, the fourth, and so on"),
    address: optional(ipAddress("of the first target; by default the server is asked")),
    other_address: optional(ipAddress("of the second target; by default the server is asked")),
    ttl: duration.prefault("1s").meta({ description: "how long a cache may keep the alias" }),
  }),
  start: () => ({}),
  before(query, _state, parameters, { ordinal }) {
    const { target, address } = aliasOf(parameters, ordinal);
    return address === undefined ? askForTarget(query, { target }) : undefined;
  },
  after(reply, query, _state, parameters, { ordinal }) {
    const { target, address, ttl } = aliasOf(parameters, ordinal);
    const type = questionOf(query)?.type;
    const whole = asAlias(reply.message, query, { target, ttl });
    if (address === undefined || type === "CNAME") return { ...reply, message: whole };
    const has = type === typeOf(address) ? [addressRecord(target, address, ttl)] : [];
    const authorities = has.length > 0 ? [] : [soa(parentOf(target), ttl)];
    const answers = [...whole.answers.slice(0, 1), ...has];
    return { ...reply, message: { ...whole, rcode: rcodes.noerror, answers, authorities, additionals: [] } };
  },
});

interface Targets {
  readonly to: string;
  readonly or: string;
  readonly address?: string | undefined;
  readonly other_address?: string | undefined;
  readonly ttl: number;
}

function aliasOf(parameters: Targets, ordinal: number): Alias & { readonly address: string | undefined } {
  const { to, or, address, other_address: otherAddress, ttl } = parameters;
  return ordinal % 2 === 1
    ? { target: to, address, ttl: seconds(ttl) }
    : { target: or, address: otherAddress, ttl: seconds(ttl) };
}
