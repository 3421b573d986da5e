/**
 * What is in a record. Where names are in it we read them ourselves, since dns-packet's are lossy (a dot or a byte beyond ASCII within a label) and never
 * compressed; everything else is dns-packet's. This is the one file that imports it.
 */
import * as dnsPacket from "dns-packet";
import type { Data } from "../../../faults/dns/message.ts";
import { readName } from "./names.ts";
import type { Output } from "./output.ts";

interface Codec {
  /** RDLENGTH is in front, read and written. Into `room`, if there is one. */
  encode(data: unknown, room?: Buffer): Uint8Array;
  decode(bytes: Buffer, at: number): unknown;
}

/** By type; those that it does not know are bytes to it. Not in its types. */
const { record: codecOf } = dnsPacket as unknown as { readonly record: (type: string) => Codec };

/** RDLENGTH. */
const lengthBytes = 2;

/** Of A, which most messages have. */
const addressRoom = Buffer.alloc(lengthBytes + 4);

const holdsTarget = new Set(["NS", "CNAME", "PTR", "DNAME"]);

/** From RDLENGTH on. What is none of its type is bytes. */
export function readData(type: string, bytes: Uint8Array, at: number, length: number): Data {
  try {
    const found = known(type, bytes, at);
    if (found?.end === at + 2 + length) return found.data;
  } catch {
    // It is none of its type.
  }
  return { rdata: Uint8Array.from(bytes.subarray(at + 2, at + 2 + length)) };
}

/** And where it ends by what it says itself. */
function known(type: string, bytes: Uint8Array, at: number): { readonly data: Data; readonly end: number } | undefined {
  const start = at + 2;
  if (holdsTarget.has(type)) {
    const { name: target, end } = readName(bytes, start);
    return { data: { target }, end };
  }
  switch (type) {
    case "A":
    case "AAAA":
      return { data: { address: String(decoded(type, bytes, at)) }, end: start + (type === "A" ? 4 : 16) };
    case "MX": {
      const { name: exchange, end } = readName(bytes, start + 2);
      return { data: { preference: bufferOf(bytes).readUInt16BE(start), exchange }, end };
    }
    case "SRV": {
      const { name: service, end } = readName(bytes, start + 6);
      const buffer = bufferOf(bytes);
      const [priority = 0, weight = 0, port = 0] = [0, 2, 4].map((offset) => buffer.readUInt16BE(start + offset));
      return { data: { priority, weight, port, service }, end };
    }
    case "SOA": {
      const mname = readName(bytes, start);
      const rname = readName(bytes, mname.end);
      const buffer = bufferOf(bytes);
      const [serial = 0, refresh = 0, retry = 0, expire = 0, minimum = 0] = [0, 4, 8, 12, 16].map((offset) =>
        buffer.readUInt32BE(rname.end + offset),
      );
      const names = { mname: mname.name, rname: rname.name };
      return { data: { ...names, serial, refresh, retry, expire, minimum }, end: rname.end + 20 };
    }
    case "TXT": {
      const texts = (decoded(type, bytes, at) as readonly Uint8Array[]).map((text) => Uint8Array.from(text));
      return { data: { texts }, end: start + texts.reduce((sum, text) => sum + 1 + text.length, 0) };
    }
    default:
      return undefined;
  }
}

function decoded(type: string, bytes: Uint8Array, at: number): unknown {
  return codecOf(type).decode(bufferOf(bytes), at);
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Without RDLENGTH. Only names in types of RFC 1035 may be compressed (RFC 3597, section 4). */
export function writeData(type: string, data: Data, output: Output): void {
  if ("rdata" in data) output.bytes(data.rdata);
  else if ("address" in data)
    output.bytes(codecOf(type).encode(data.address, type === "A" ? addressRoom : undefined), lengthBytes);
  else if ("texts" in data)
    output.bytes(codecOf("TXT").encode(data.texts.map((text) => Buffer.from(text))), lengthBytes);
  else if ("target" in data) output.name(data.target, type !== "DNAME");
  else if ("exchange" in data) {
    output.uint16(data.preference);
    output.name(data.exchange);
  } else if ("service" in data) {
    for (const field of [data.priority, data.weight, data.port]) output.uint16(field);
    output.name(data.service, false);
  } else {
    output.name(data.mname);
    output.name(data.rname);
    for (const field of [data.serial, data.refresh, data.retry, data.expire, data.minimum]) output.uint32(field);
  }
}

/** As a zone file has it; of a type that we do not read, as much as dns-packet does. */
export function describeData(type: string, data: Data, nameText: (name: string | Uint8Array) => string): string {
  if ("address" in data) return data.address;
  if ("target" in data) return nameText(data.target);
  if ("exchange" in data) return `${data.preference} ${nameText(data.exchange)}`;
  if ("service" in data) return `${data.priority} ${data.weight} ${data.port} ${nameText(data.service)}`;
  if ("texts" in data) return data.texts.map((text) => JSON.stringify(Buffer.from(text).toString("latin1"))).join(" ");
  if ("mname" in data) {
    const { mname, rname, serial, refresh, retry, expire, minimum } = data;
    return `${nameText(mname)} ${nameText(rname)} ${serial} ${refresh} ${retry} ${expire} ${minimum}`;
  }
  return describeUnknown(type, data.rdata);
}

function describeUnknown(type: string, rdata: Uint8Array): string {
  const codec = codecOf(type);
  if (codec !== codecOf("TYPE65280") && rdata.length > 0) {
    try {
      const read = codec.decode(Buffer.concat([Buffer.of(rdata.length >> 8, rdata.length), rdata]), 0);
      return JSON.stringify(read, (_key, value: unknown) => plain(value)).replaceAll('"', "");
    } catch {
      // It is none of its type.
    }
  }
  // RFC 3597, section 5.
  return `\\# ${rdata.length} ${Buffer.from(rdata).toString("hex")}`.trim();
}

/** What JSON makes of a Buffer, in hexadecimal. */
function plain(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("type" in value) || !("data" in value)) return value;
  return value.type === "Buffer" && Array.isArray(value.data) ? Buffer.from(value.data).toString("hex") : value;
}
