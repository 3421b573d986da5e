import { z } from "zod";
import { count } from "../units.ts";
import { dnsFault } from "./contract.ts";
import { addressRecord, answerTo, questionOf, rcodes, soa } from "./message.ts";
import { parentOf } from "./name.ts";
import { ipAddress, optional, seconds, timeToLive, typeOf } from "./parameters.ts";

export const splitHorizon = dnsFault({
  plane: "dns",
  kind: "dns.split-horizon",
  about:
    "Inside and outside one hears different things: the client is all at once in the other view, where the name has another address, or is not known; and after so many questions it is back, as when a VPN comes and goes. With `match: { client: … }` only one of several clients is.",
  source: "RFC 8499, section 6; RFC 6731; Technitium#1893",
  example: "{ address: 10.0.0.9, flip: 5 }",
  pulse: false,
  parameters: z.strictObject({
    address: optional(ipAddress("what the other view says; by default that there is no such name")),
    flip: count(1, 1_000_000)
      .optional()
      .meta({ description: "after how many questions the view changes, again and again; by default it never does" }),
    ttl: timeToLive("how long a cache may keep it"),
  }),
  start: () => ({}),
  before(query, _state, { address, flip, ttl }, { ordinal }) {
    const asked = questionOf(query);
    const isOther = flip === undefined || Math.floor((ordinal - 1) / flip) % 2 === 0;
    if (asked === undefined || !isOther) return undefined;
    const known = address !== undefined && asked.type === typeOf(address);
    const answers = known ? [addressRecord(asked.name, address, seconds(ttl))] : [];
    const authorities = known ? [] : [soa(parentOf(asked.name), seconds(ttl))];
    const rcode = address === undefined ? rcodes.nxdomain : rcodes.noerror;
    return {
      type: "answer",
      replies: [{ message: answerTo(query, { aa: true, rcode, answers, authorities }), laterMs: 0 }],
    };
  },
});
