import { z } from "zod";
import { count } from "../units.ts";
import { dnsFault, type Message } from "./contract.ts";
import { addressRecord, questionOf, type Resource } from "./message.ts";
import { ipAddress, typeOf } from "./parameters.ts";

export const inconsistent = dnsFault({
  plane: "dns",
  kind: "dns.inconsistent",
  about:
    "The servers of a zone do not agree: every so-manieth question is answered by one that has not heard of the last change, with an older serial in its SOA, and another address. Who asks again hears something else.",
  source: "RFC 1912, section 2.2; RFC 1982; CoDNS (OSDI 2004); miraheze/dns#160",
  example: "{ address: 198.18.0.9, every: 2 }",
  pulse: false,
  parameters: z.strictObject({
    address: ipAddress("what the one that is behind says instead of the addresses of the family"),
    every: count(1, 1000).prefault(2).meta({ description: "every so-manieth question; 1: all of this link's" }),
    serial_behind: count(1, 0x7fff_ffff)
      .prefault(1)
      .meta({ description: "by how much its serial is lower (RFC 1982)" }),
  }),
  start: () => ({}),
  after(reply, query, _state, { address, every, serial_behind: behind }, { ordinal }) {
    if (ordinal % every !== 0) return undefined;
    const older = (each: Resource): Resource =>
      "serial" in each.data ? { ...each, data: { ...each.data, serial: (each.data.serial - behind) >>> 0 } } : each;
    const { message } = reply;
    return {
      ...reply,
      message: {
        ...message,
        answers: withAddress(message, query, address).map(older),
        authorities: message.authorities.map(older),
      },
    };
  },
});

function withAddress({ answers }: Message, query: Message, address: string): readonly Resource[] {
  const type = typeOf(address);
  const [first] = answers.filter((each) => each.type === type);
  if (questionOf(query)?.type !== type || first === undefined) return answers;
  return [...answers.filter((each) => each.type !== type), addressRecord(first.name, address, first.ttl)];
}
