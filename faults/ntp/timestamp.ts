/**
 * NTP's timestamps (RFC 5905, section 6): 64 bits, of which the upper half counts seconds since 1900 and begins anew every 136 years. Which of these eras
 * is meant is not in it: the one that is nearest to a time that one knows. 0 means that a time is not known.
 *
 *     Unix time (milliseconds) ──timestampOf──► 32 bits of seconds . 32 bits of fraction ──unixTimeOf(near)──► Unix time
 */

/** All 64 bits, exactly. */
export type Timestamp = bigint;

export const unknownTime: Timestamp = 0n;

/** From 1900-01-01 to 1970-01-01. */
const secondsTo1970 = 2_208_988_800n;
const era = 1n << 64n;

export function timestampOf(unixMs: number): Timestamp {
  return BigInt.asUintN(64, (secondsTo1970 << 32n) + fractionsOf(unixMs));
}

/** In the era in which it is nearest to that time. */
export function unixTimeOf(timestamp: Timestamp, nearUnixMs: number): number {
  return nearUnixMs + differenceMs(timestamp, timestampOf(nearUnixMs));
}

/** By so much later (or earlier), across the border of an era if need be. A time that is not known stays so. */
export function shifted(timestamp: Timestamp, milliseconds: number): Timestamp {
  if (timestamp === unknownTime || milliseconds === 0) return timestamp;
  const moved = BigInt.asUintN(64, timestamp + fractionsOf(milliseconds));
  // What falls on the one moment that has another meaning is the moment behind it.
  return moved === unknownTime ? 1n : moved;
}

/** How much later `one` is than `other`, were they as near to each other as they can be (section 6: up to 68 years). */
export function differenceMs(one: Timestamp, other: Timestamp): number {
  const difference = BigInt.asIntN(64, one - other);
  // Apart, so that neither loses what the other takes no room for.
  return Number(difference >> 32n) * 1000 + (Number(difference & 0xffff_ffffn) * 1000) / 2 ** 32;
}

/** Which era a Unix time is in: 0 until 2036-02-07T06:28:16Z. */
export function eraOf(unixMs: number): number {
  const since1900 = (secondsTo1970 << 32n) + fractionsOf(unixMs);
  return Number((since1900 - BigInt.asUintN(64, since1900)) / era);
}

/** In units of 2^-32 s. */
function fractionsOf(milliseconds: number): bigint {
  const seconds = Math.floor(milliseconds / 1000);
  return (BigInt(seconds) << 32n) + BigInt(Math.round(((milliseconds - seconds * 1000) * 2 ** 32) / 1000));
}
