/** From a packet to a sample: the tests that it has to pass, and what it says of the offset (RFC 5905, sections 8 and 9.2, and appendix A.5.1.1). */
import { leapUnknown, serverMode, unsynchronisedStratum, type NtpPacket } from "../../faults/ntp/packet.ts";
import { unixTimeOf, unknownTime, type Timestamp } from "../../faults/ntp/timestamp.ts";
import { readRest } from "../../proxies/ntp/wire/rest.ts";

/** A clock that nobody looks at goes wrong by so much (PHI): 15 µs in a second. */
export const wanderPerMs = 15e-6;
/** A dispersion of this is no knowledge at all (MAXDISP), and one below that is not to be had (MINDISP). */
export const maximumDispersionMs = 16_000;
export const minimumDispersionMs = 5;

export interface Sample {
  /** What is to be added to the own clock. */
  readonly offsetMs: number;
  readonly delayMs: number;
  /** When it was taken, on the own monotonic clock, and how wrong it may have been then. */
  readonly atMs: number;
  readonly dispersionMs: number;
}

export interface Exchange {
  readonly packet: NtpPacket;
  /** The Transmit Timestamp of the request that waits for a reply; undefined if none does. */
  readonly asked: Timestamp | undefined;
  /** That of the last good reply. */
  readonly lastTransmit: Timestamp;
  /** When the request went and when the reply came, on the own wall clock, as Unix time. */
  readonly sentMs: number;
  readonly arrivedMs: number;
  /** The same moment on the monotonic clock. */
  readonly atMs: number;
  /** An exponent of 2, in seconds. */
  readonly ownPrecision: number;
  readonly looksBehindHeader: boolean;
}

export type Outcome =
  | { readonly type: "sample"; readonly sample: Sample }
  /** It says that it is a kiss-o'-death packet, and knows the request. */
  | { readonly type: "kiss"; readonly code: string }
  | { readonly type: "rejected"; readonly why: string };

const rejected = (why: string): Outcome => ({ type: "rejected", why });

export function judge(exchange: Exchange): Outcome {
  const { packet, asked, lastTransmit, sentMs, arrivedMs, atMs, ownPrecision, looksBehindHeader } = exchange;
  if (packet.mode !== serverMode) return rejected(`mode ${packet.mode}`);
  if (packet.version < 1 || packet.version > 4) return rejected(`version ${packet.version}`);
  if (packet.transmit !== unknownTime && packet.transmit === lastTransmit) return rejected("TEST1: a duplicate");
  if (asked === undefined || packet.origin !== asked) return rejected("TEST2: not the reply to the request");
  if (packet.stratum === 0) return { type: "kiss", code: codeOf(packet.referenceId) };
  if (packet.receive === unknownTime || packet.transmit === unknownTime)
    return rejected("TEST3: a time that is not known");
  const wrong = looksBehindHeader ? wrongRest(packet.rest) : undefined;
  if (wrong !== undefined) return rejected(`TEST5: ${wrong}`);
  if (packet.leap === leapUnknown || packet.stratum >= unsynchronisedStratum)
    return rejected("TEST6: the server is not synchronised");
  const transmitMs = unixTimeOf(packet.transmit, arrivedMs);
  const receiveMs = unixTimeOf(packet.receive, arrivedMs);
  const isAhead = packet.reference !== unknownTime && unixTimeOf(packet.reference, transmitMs) > transmitMs;
  if (packet.rootDelayMs / 2 + packet.rootDispersionMs >= maximumDispersionMs || isAhead)
    return rejected("TEST7: the server is too far from the truth");
  const delayMs = arrivedMs - sentMs - (transmitMs - receiveMs);
  // A delay below 0 by more than the clocks' grain can't be.
  const grainMs = 1000 * (2 ** packet.precision + 2 ** ownPrecision);
  if (transmitMs - receiveMs < -grainMs || delayMs < -grainMs) return rejected("times that can't be");
  return {
    type: "sample",
    sample: {
      offsetMs: (receiveMs - sentMs + (transmitMs - arrivedMs)) / 2,
      delayMs: Math.max(delayMs, 1000 * 2 ** ownPrecision),
      atMs,
      dispersionMs: grainMs + wanderPerMs * Math.max(0, arrivedMs - sentMs),
    },
  };
}

/** Whoever has no keys can have no use for a MAC (appendix A.5.1). Extension fields that nobody knows are skipped (RFC 7822, section 3). */
function wrongRest(rest: Uint8Array): string | undefined {
  const { mac, garbage } = readRest(rest);
  if (garbage > 0) return "bytes that are no extension field";
  if (mac === undefined) return undefined;
  return mac.digestBytes === 0 ? "a crypto-NAK" : "the MAC of a key that is not known";
}

function codeOf(referenceId: number): string {
  const bytes = [24, 16, 8, 0].map((shift) => (referenceId >>> shift) & 0xff);
  return String.fromCharCode(...bytes).replace(/[^\x21-\x7e]/g, "");
}
