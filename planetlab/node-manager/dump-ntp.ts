/** A packet of NTP (RFC 5905, 7.3) in words. */
import type { Facts } from "./dump.ts";

const packetBytes = 48;
const modes = { client: 3, server: 4 };
const secondsTo1970 = 2_208_988_800;
const receiveTimestamp = 32;
const transmitTimestamp = 40;

/** Undefined: it is none. `asked`, `now`: when the question went out and when this came, in milliseconds of the wall clock. */
export function describeNtp(
  bytes: Uint8Array,
  { asked, now }: { readonly asked: number; readonly now: number },
): { readonly isAnswer: boolean; readonly facts: Facts } | undefined {
  if (bytes.length < packetBytes) return undefined;
  const packet = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const flags = packet.readUInt8(0);
  const [leap, version, mode] = [flags >> 6, (flags >> 3) & 7, flags & 7];
  if (mode === modes.client) return { isAnswer: false, facts: { version } };
  if (mode !== modes.server) return undefined;
  const stratum = packet.readUInt8(1);
  // How far this clock is behind the server's, whatever the way took (RFC 5905, section 8).
  const offset = (timeAt(packet, receiveTimestamp) - asked + timeAt(packet, transmitTimestamp) - now) / 2;
  const kiss = stratum === 0 ? packet.toString("latin1", 12, 16) : undefined;
  return { isAnswer: true, facts: { version, leap, stratum, kiss, offset_ms: offset, ms: now - asked } };
}

/** In milliseconds since 1970, in the era that began in 1900. */
function timeAt(packet: Buffer, offset: number): number {
  return (packet.readUInt32BE(offset) - secondsTo1970 + packet.readUInt32BE(offset + 4) / 2 ** 32) * 1000;
}
