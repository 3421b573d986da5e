/**
 * NTP packets and their bytes (RFC 5905, section 7.3).
 *
 *     LI VN Mode │ Stratum │ Poll │ Precision       4 bytes
 *     Root Delay, Root Dispersion, Reference ID     4 bytes each
 *     Reference, Origin, Receive, Transmit          8 bytes each
 *     extension fields, MAC                         whatever follows
 */
import type { NtpPacket } from "../../../faults/ntp/packet.ts";

export type { NtpPacket };

/** Without anything behind its header. */
export const headerBytes = 48;

export type Decoded = { readonly packet: NtpPacket } | { readonly malformed: string };

/** Takes any bytes. What is behind the header is not looked into: whoever is interested does that (`rest.ts`). */
export function decode(bytes: Uint8Array): Decoded {
  if (bytes.length < headerBytes) return { malformed: `${bytes.length} bytes, of at least ${headerBytes}` };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const first = view.getUint8(0);
  return {
    packet: {
      leap: first >> 6,
      version: (first >> 3) & 7,
      mode: first & 7,
      stratum: view.getUint8(1),
      poll: view.getInt8(2),
      precision: view.getInt8(3),
      rootDelayMs: shortOf(view.getUint32(4)),
      rootDispersionMs: shortOf(view.getUint32(8)),
      referenceId: view.getUint32(12),
      reference: view.getBigUint64(16),
      origin: view.getBigUint64(24),
      receive: view.getBigUint64(32),
      transmit: view.getBigUint64(40),
      rest: bytes.subarray(headerBytes),
    },
  };
}

/** What does not fit into its field is cut to its lowest bits, but for root delay and root dispersion, which are as large as they can be. */
export function encode(packet: NtpPacket): Uint8Array {
  const bytes = new Uint8Array(headerBytes + packet.rest.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, ((packet.leap & 3) << 6) | ((packet.version & 7) << 3) | (packet.mode & 7));
  view.setUint8(1, packet.stratum);
  view.setInt8(2, packet.poll);
  view.setInt8(3, packet.precision);
  view.setUint32(4, toShort(packet.rootDelayMs));
  view.setUint32(8, toShort(packet.rootDispersionMs));
  view.setUint32(12, packet.referenceId);
  view.setBigUint64(16, packet.reference);
  view.setBigUint64(24, packet.origin);
  view.setBigUint64(32, packet.receive);
  view.setBigUint64(40, packet.transmit);
  bytes.set(packet.rest, headerBytes);
  return bytes;
}

/** NTP's short format (section 6): 16 bits of seconds, 16 of fraction. */
function shortOf(bits: number): number {
  return (bits * 1000) / 65_536;
}

function toShort(milliseconds: number): number {
  return Math.min(0xffff_ffff, Math.max(0, Math.round((milliseconds * 65_536) / 1000)));
}
