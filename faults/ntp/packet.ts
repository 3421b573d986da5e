/**
 * An NTP packet as faults see it (RFC 5905, section 7.3). Its fields are those of the wire, in numbers that one can reckon with; its four timestamps stay
 * exact.
 */
import { shifted, unknownTime, type Timestamp } from "./timestamp.ts";

export interface NtpPacket {
  /** 0: no warning, 1: the last minute of the day has 61 seconds, 2: 59, 3: not synchronised. */
  readonly leap: number;
  readonly version: number;
  /** 3 is a client's, 4 a server's. */
  readonly mode: number;
  /** 0: a kiss-o'-death packet, 1: a primary server, 16: not synchronised. */
  readonly stratum: number;
  /** Exponents of 2, in seconds. */
  readonly poll: number;
  readonly precision: number;
  /** In steps of 2^-16 s. */
  readonly rootDelayMs: number;
  readonly rootDispersionMs: number;
  /** Four bytes: text at stratum 0 and 1, else mostly an IPv4 address. */
  readonly referenceId: number;
  /** When the server's clock was set last. */
  readonly reference: Timestamp;
  /** T1: the request's Transmit Timestamp, for the client to know its own request by. */
  readonly origin: Timestamp;
  /** T2 and T3: when the request came, and when the reply went, on the server's clock. */
  readonly receive: Timestamp;
  readonly transmit: Timestamp;
  /** All that is behind the first 48 bytes: extension fields (RFC 7822), a MAC, or garbage. */
  readonly rest: Uint8Array;
}

export const leapUnknown = 3;
export const clientMode = 3;
export const serverMode = 4;
export const unsynchronisedStratum = 16;

/** Of up to four characters: `referenceIdOf("RATE")`. */
export function referenceIdOf(text: string): number {
  return [0, 1, 2, 3].reduce((id, place) => id * 256 + ((text.charCodeAt(place) || 0) & 0xff), 0);
}

/** Of an IPv4 address; undefined for anything else. */
export function referenceIdOfAddress(host: string): number | undefined {
  const parts = host.split(".").map(Number);
  const fits = parts.length === 4 && parts.every((part) => Number.isInteger(part) && part >= 0 && part <= 255);
  return fits ? parts.reduce((id, part) => id * 256 + part, 0) : undefined;
}

/** What a client asks. A random Transmit Timestamp tells nobody the time, and is guessed by nobody. */
export function requestOf(nonce: Timestamp): NtpPacket {
  return {
    leap: 0,
    version: 4,
    mode: clientMode,
    stratum: 0,
    poll: 6,
    precision: 32,
    rootDelayMs: 0,
    rootDispersionMs: 0,
    referenceId: 0,
    reference: unknownTime,
    origin: unknownTime,
    receive: unknownTime,
    transmit: nonce,
    rest: new Uint8Array(),
  };
}

/** As a server puts it whose clock is wrong by so much. */
export function wrongBy(packet: NtpPacket, milliseconds: number): NtpPacket {
  return {
    ...packet,
    reference: shifted(packet.reference, milliseconds),
    receive: shifted(packet.receive, milliseconds),
    transmit: shifted(packet.transmit, milliseconds),
  };
}
