import { z } from "zod";
import { dnsFault } from "./contract.ts";
import { addressRecord, questionOf, rcodes } from "./message.ts";
import { ipAddress, typeOf } from "./parameters.ts";

const usualTtl = 60;

export const sharedName = dnsFault({
  plane: "dns",
  kind: "dns.shared-name",
  about:
    "Two machines have one name: among its addresses is a stranger's, or there is only the stranger's. A client that takes the first, or any, talks to the wrong one every now and then. A name that is not there stays so.",
  source: "RFC 1912, section 2.1; renamed nodes of PlanetLab",
  example: "{ address: 198.18.0.9 }",
  pulse: false,
  parameters: z.strictObject({
    address: ipAddress("the stranger's"),
    place: z
      .enum(["first", "last", "instead"], "write first, last or instead")
      .prefault("first")
      .meta({
        description: "where it stands; instead: the others are not told",
        examples: ["first", "last", "instead"],
      }),
  }),
  start: () => ({}),
  after(reply, query, _state, { address, place }) {
    const asked = questionOf(query);
    const { message } = reply;
    if (asked?.type !== typeOf(address) || message.rcode !== rcodes.noerror) return undefined;
    const own = message.answers.filter(({ type }) => type === asked.type);
    const aliases = message.answers.filter(({ type }) => type !== asked.type);
    const stranger = addressRecord(own[0]?.name ?? asked.name, address, own[0]?.ttl ?? usualTtl);
    const set = { first: [stranger, ...own], last: [...own, stranger], instead: [stranger] }[place];
    return { ...reply, message: { ...message, answers: [...aliases, ...set], authorities: [] } };
  },
});
