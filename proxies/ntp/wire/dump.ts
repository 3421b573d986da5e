/** A packet in one line, its fields named as in RFC 5905; what is none, in hexadecimal with the reason. */
import { eraOf, unixTimeOf, unknownTime, type Timestamp } from "../../../faults/ntp/timestamp.ts";
import { decode, type NtpPacket } from "./packet.ts";
import { readRest } from "./rest.ts";

/** More of it says nothing more. */
const mostBytesShown = 256;

/** `nearUnixMs`: a time that is near those in it, to tell the era by. */
export function describe(bytes: Uint8Array, nearUnixMs: number): string {
  const decoded = decode(bytes);
  if ("malformed" in decoded) return `malformed (${decoded.malformed}): ${hexOf(bytes)}`;
  return describePacket(decoded.packet, nearUnixMs);
}

function describePacket(packet: NtpPacket, nearUnixMs: number): string {
  const time = (timestamp: Timestamp): string => describeTime(timestamp, nearUnixMs);
  return [
    `LI ${packet.leap}`,
    `VN ${packet.version}`,
    `Mode ${packet.mode}`,
    `Stratum ${packet.stratum}`,
    `Poll ${packet.poll}`,
    `Precision ${packet.precision}`,
    `Root Delay ${seconds(packet.rootDelayMs)}`,
    `Root Dispersion ${seconds(packet.rootDispersionMs)}`,
    `Reference ID ${describeReferenceId(packet)}`,
    `Reference Timestamp ${time(packet.reference)}`,
    `Origin Timestamp ${time(packet.origin)}`,
    `Receive Timestamp ${time(packet.receive)}`,
    `Transmit Timestamp ${time(packet.transmit)}`,
    ...describeRest(packet.rest),
  ].join(", ");
}

function describeRest(rest: Uint8Array): readonly string[] {
  const { fields, mac, garbage } = readRest(rest);
  return [
    ...fields.map(({ type, bytes }) => `Extension Field 0x${type.toString(16).padStart(4, "0")} (${bytes} bytes)`),
    ...(mac === undefined ? [] : [mac.digestBytes === 0 ? "crypto-NAK" : `MAC of key ${mac.key}`]),
    ...(garbage === 0 ? [] : [`${garbage} bytes that are no extension field: ${hexOf(rest.subarray(-garbage))}`]),
  ];
}

function describeReferenceId({ referenceId, stratum }: NtpPacket): string {
  const bytes = [24, 16, 8, 0].map((shift) => (referenceId >>> shift) & 0xff);
  const text = String.fromCharCode(...bytes).replace(/\0+$/, "");
  return stratum < 2 && /^[\x21-\x7e]+$/.test(text) ? text : bytes.join(".");
}

function seconds(milliseconds: number): string {
  return `${Number((milliseconds / 1000).toFixed(6))}s`;
}

/** `2026-01-01T00:00:00.123456789Z`; the era is said where it is not the one that the first packets were in. */
export function describeTime(timestamp: Timestamp, nearUnixMs: number): string {
  if (timestamp === unknownTime) return "0";
  const unixMs = unixTimeOf(timestamp, nearUnixMs);
  const era = eraOf(unixMs);
  return `${dateOf(Math.floor(unixMs / 1000), timestamp)}${era === 0 ? "" : ` (era ${era})`}`;
}

const secondsOfDay = 86_400;

/** Without the clock of the machine, which nobody may read here, there is no `Date` either. Years as in `civil_from_days` (Hinnant). */
function dateOf(unixSeconds: number, timestamp: Timestamp): string {
  // The milliseconds may have been rounded up to the next second; the timestamp knows better.
  const nanoseconds = (timestamp & 0xffff_ffffn) * 1_000_000_000n;
  const fraction = String(nanoseconds >> 32n).padStart(9, "0");
  const days = Math.floor(unixSeconds / secondsOfDay);
  const shiftedDays = days + 719_468;
  const cycle = Math.floor(shiftedDays / 146_097);
  const dayOfCycle = shiftedDays - cycle * 146_097;
  const yearOfCycle = Math.floor(
    (dayOfCycle - Math.floor(dayOfCycle / 1460) + Math.floor(dayOfCycle / 36_524) - Math.floor(dayOfCycle / 146_096)) /
      365,
  );
  const dayOfYear = dayOfCycle - (365 * yearOfCycle + Math.floor(yearOfCycle / 4) - Math.floor(yearOfCycle / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = yearOfCycle + cycle * 400 + (month <= 2 ? 1 : 0);
  const rest = unixSeconds - days * secondsOfDay;
  const clock = [Math.floor(rest / 3600), Math.floor(rest / 60) % 60, rest % 60].map(two).join(":");
  return `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}T${clock}.${fraction}Z`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

function hexOf(bytes: Uint8Array): string {
  const shown = Buffer.from(bytes.subarray(0, mostBytesShown)).toString("hex");
  return bytes.length > mostBytesShown ? `${shown}… (${bytes.length} bytes)` : shown;
}
