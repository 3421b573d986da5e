import { z } from "zod";
import { dnsFault } from "./contract.ts";
import { addressRecord, answerTo, questionOf } from "./message.ts";
import { ipAddress, seconds, timeToLive, typeOf } from "./parameters.ts";

export const captivePortal = dnsFault({
  plane: "dns",
  kind: "dns.captive-portal",
  soughtAs: ["hijack"],
  about:
    "Every name has one and the same address, that of a page where people log in; of the other family there is none, and the server is never asked. What a cache keeps of it outlives the login.",
  source: "RFC 8952, section 1; dnsmasq: address=/#/",
  example: "{ address: 198.18.0.80 }",
  pulse: false,
  parameters: z.strictObject({
    address: ipAddress("of the portal"),
    ttl: timeToLive("how long a cache may keep it"),
  }),
  start: () => ({}),
  before(query, _state, { address, ttl }) {
    const asked = questionOf(query);
    if (asked === undefined) return undefined;
    const answers = asked.type === typeOf(address) ? [addressRecord(asked.name, address, seconds(ttl))] : [];
    return { type: "answer", replies: [{ message: answerTo(query, { answers }), laterMs: 0 }] };
  },
});
