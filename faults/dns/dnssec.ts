import { z } from "zod";
import { duration } from "../units.ts";
import { dnsFault, type Message } from "./contract.ts";
import type { Resource } from "./message.ts";

const hows = ["says-authentic", "expired", "not-yet-valid", "bogus", "unsigned"] as const;
/** In the RDATA of RRSIG (RFC 4034, section 3.1). */
const expirationAt = 8;
const inceptionAt = 12;
const leastBytes = 18;
const secondsMs = 1000;

export const dnssec = dnsFault({
  plane: "dns",
  kind: "dns.dnssec",
  about:
    "What DNSSEC says is wrong: the server claims to have validated what it has not, or signatures are over, not yet begun, false, or stripped. A validating resolver answers SERVFAIL; with a wrong clock it finds every signature so.",
  source: "RFC 4035, sections 3.2.3 and 5.3; RFC 4034, section 3.1; RFC 9364; Slack, September 2021",
  example: "{ how: expired }",
  pulse: false,
  parameters: z.strictObject({
    how: z.enum(hows, `write one of ${hows.join(", ")}`).meta({
      description:
        "says-authentic: AD is set; expired, not-yet-valid: so do the signatures say, by now; bogus: a bit of each signature is wrong; unsigned: no signatures, keys and proofs come at all. All but the first need answers that are signed, to a client that asks for it (DO)",
      examples: [...hows],
    }),
    by: duration
      .prefault("1d")
      .meta({ description: "for how long they have expired, or until when they are not valid" }),
  }),
  start: () => ({}),
  after(reply, _query, _state, { how, by }, { now }) {
    const { message } = reply;
    if (how === "says-authentic") return { ...reply, message: { ...message, ad: true } };
    if (how === "unsigned")
      return { ...reply, message: everywhere(message, (each) => (ofDnssec.has(each.type) ? [] : [each])) };
    const signed = (each: Resource): readonly Resource[] => [
      each.type === "RRSIG" && "rdata" in each.data
        ? { ...each, data: { rdata: changed(each.data.rdata, how, by, now) } }
        : each,
    ];
    return { ...reply, message: everywhere(message, signed) };
  },
});

const ofDnssec = new Set(["RRSIG", "NSEC", "NSEC3", "DNSKEY", "DS"]);

function everywhere(message: Message, change: (each: Resource) => readonly Resource[]): Message {
  const { answers, authorities, additionals } = message;
  return {
    ...message,
    ad: false,
    answers: answers.flatMap(change),
    authorities: authorities.flatMap(change),
    additionals: additionals.flatMap(change),
  };
}

const at = (unixMs: number): number => Math.floor(unixMs / secondsMs) >>> 0;

function changed(rdata: Uint8Array, how: "expired" | "not-yet-valid" | "bogus", by: number, now: number): Uint8Array {
  const bytes = rdata.slice();
  if (bytes.length <= leastBytes) return bytes;
  const last = bytes.length - 1;
  const view = new DataView(bytes.buffer);
  if (how === "bogus") bytes[last] = (bytes[last] ?? 0) ^ 1;
  else {
    // They are valid for as long as before: a signature that ends before it begins would be bogus.
    const length = (view.getUint32(expirationAt) - view.getUint32(inceptionAt)) >>> 0;
    const inception = how === "expired" ? at(now - by) - length : at(now + by);
    view.setUint32(inceptionAt, inception >>> 0);
    view.setUint32(expirationAt, (inception + length) >>> 0);
  }
  return bytes;
}
