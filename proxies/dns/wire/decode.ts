/** From bytes to a message, whatever the bytes: RFC 1035, section 4.1; RFC 6891. What is no message is said why. */
import type { Edns, Message, Question, Resource } from "../../../faults/dns/message.ts";
import { mostBytesOfLabel } from "../../../faults/dns/name.ts";
import { Malformed } from "./malformed.ts";
import { readName } from "./names.ts";
import { readData } from "./rdata.ts";
import { className, typeName } from "./types.ts";

export type Decoded = { readonly message: Message } | { readonly malformed: string };

export const headerLength = 12;

export function decode(bytes: Uint8Array): Decoded {
  try {
    return { message: read(bytes) };
  } catch (error) {
    if (error instanceof Malformed) return { malformed: error.message };
    throw error;
  }
}

/** Where a message is read, and its OPT when that was met. */
interface Reading {
  readonly bytes: Uint8Array;
  at: number;
  edns: Edns | undefined;
  upperRcode: number;
}

function read(bytes: Uint8Array): Message {
  if (bytes.length < headerLength)
    throw new Malformed(`${bytes.length} bytes, where the header alone has ${headerLength}`);
  const flags = uint16(bytes, 2);
  const from: Reading = { bytes, at: headerLength, edns: undefined, upperRcode: 0 };
  const questions = many(from, uint16(bytes, 4), "question", readQuestion);
  const answers = many(from, uint16(bytes, 6), "answer", readResource);
  const authorities = many(from, uint16(bytes, 8), "authority", readResource);
  const additionals = many(from, uint16(bytes, 10), "additional", readAdditional);
  const message: Message = {
    id: uint16(bytes, 0),
    qr: (flags & 0x8000) !== 0,
    opcode: (flags >> 11) & 0xf,
    aa: (flags & 0x400) !== 0,
    tc: (flags & 0x200) !== 0,
    rd: (flags & 0x100) !== 0,
    ra: (flags & 0x80) !== 0,
    z: (flags & 0x40) !== 0,
    ad: (flags & 0x20) !== 0,
    cd: (flags & 0x10) !== 0,
    rcode: (from.upperRcode << 4) | (flags & 0xf),
    questions,
    answers,
    authorities,
    additionals,
  };
  if (from.edns === undefined && from.at === bytes.length) return message;
  return {
    ...message,
    ...(from.edns !== undefined && { edns: from.edns }),
    ...(from.at < bytes.length && { trailing: Uint8Array.from(bytes.subarray(from.at)) }),
  };
}

/** `one` returns undefined for what is none of them. */
function many<T>(from: Reading, count: number, what: string, one: (from: Reading) => T | undefined): readonly T[] {
  // Most sections have one, and an array that grows makes room for sixteen more.
  let found: T[] | undefined;
  for (let n = 0; n < count; n += 1) {
    if (from.at >= from.bytes.length)
      throw new Malformed(`the header says ${count} in the ${what} section, of which there are ${n}`);
    const next = one(from);
    if (next === undefined) continue;
    if (found === undefined) found = [next];
    else found.push(next);
  }
  return found ?? [];
}

/** Where the next so many bytes begin, which are there. */
function take(from: Reading, length: number): number {
  const start = from.at;
  if (start + length > from.bytes.length) throw new Malformed(`what begins at ${start} is cut off`);
  from.at += length;
  return start;
}

function takeName(from: Reading): string {
  const { name, end } = readName(from.bytes, from.at);
  from.at = end;
  return name;
}

function readQuestion(from: Reading): Question {
  const name = takeName(from);
  const start = take(from, 4);
  return { name, type: typeName(uint16(from.bytes, start)), class: className(uint16(from.bytes, start + 2)) };
}

function readResource(from: Reading): Resource {
  const found = readAdditional(from);
  if (found === undefined) throw new Malformed("OPT is not in the additional section");
  return found;
}

/** Undefined: it is the message's OPT. */
function readAdditional(from: Reading): Resource | undefined {
  const { bytes } = from;
  const name = takeName(from);
  const start = take(from, 10);
  const type = typeName(uint16(bytes, start));
  const of = uint16(bytes, start + 2);
  const ttl = uint16(bytes, start + 4) * 0x1_0000 + uint16(bytes, start + 6);
  const length = uint16(bytes, start + 8);
  const data = take(from, length);
  if (type !== "OPT" || name !== "." || from.edns !== undefined)
    return { name, type, class: className(of), ttl, data: readData(type, bytes, start + 8, length) };
  from.upperRcode = ttl >>> 24;
  from.edns = {
    version: (ttl >>> 16) & 0xff,
    udpPayloadSize: of,
    dnssecOk: ((ttl >>> 15) & 1) === 1,
    z: ttl & 0x7fff,
    options: readOptions(bytes.subarray(data, data + length)),
  };
  return undefined;
}

function readOptions(bytes: Uint8Array): Edns["options"] {
  const options: { code: number; data: Uint8Array }[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (at + 4 > bytes.length) throw new Malformed("an option of OPT is cut off");
    const length = uint16(bytes, at + 2);
    const data = Uint8Array.from(bytes.subarray(at + 4, at + 4 + length));
    if (data.length < length) throw new Malformed("an option of OPT is cut off");
    options.push({ code: uint16(bytes, at), data });
    at += 4 + length;
  }
  return options;
}

export interface Header {
  readonly id: number;
  readonly qr: boolean;
  readonly opcode: number;
  readonly tc: boolean;
  /** The lower four bits of it. */
  readonly rcode: number;
}

/** Of what is long enough to have one. */
export function headerOf(bytes: Uint8Array): Header {
  const flags = uint16(bytes, 2);
  return {
    id: uint16(bytes, 0),
    qr: flags >> 15 === 1,
    opcode: (flags >> 11) & 0xf,
    tc: ((flags >> 9) & 1) === 1,
    rcode: flags & 0xf,
  };
}

/** What a message is about, without decoding it. */
export interface Peeked extends Header {
  readonly name: string;
  readonly type: string;
  readonly class: string;
}

/** Undefined: it has no question that could be read. */
export function peek(bytes: Uint8Array): Peeked | undefined {
  if (bytes.length < headerLength + 5) return undefined;
  if (uint16(bytes, 4) === 0) return undefined;
  try {
    const { name, end } = readName(bytes, headerLength);
    if (end + 4 > bytes.length) return undefined;
    return {
      ...headerOf(bytes),
      name,
      type: typeName(uint16(bytes, end)),
      class: className(uint16(bytes, end + 2)),
    };
  } catch {
    return undefined;
  }
}

/** Whether two messages have a question each, for the same name and type, told without reading them. Case does not matter (RFC 4343). A name with a pointer is none. */
export function asksTheSame(one: Uint8Array, other: Uint8Array): boolean {
  if (uint16(one, 4) === 0 || uint16(other, 4) === 0) return false;
  const end = Math.min(one.length, other.length) - 4;
  let at = headerLength;
  let labelEnd = at;
  // The length of a label is no letter.
  for (let isOver = false; !isOver; at += 1) {
    const byte = one[at] ?? 0;
    if (at >= end || lowerCase(byte) !== lowerCase(other[at] ?? 0)) return false;
    if (at < labelEnd) continue;
    if (byte > mostBytesOfLabel) return false;
    isOver = byte === 0;
    labelEnd = at + 1 + byte;
  }
  return uint16(one, at) === uint16(other, at);
}

function lowerCase(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}

/** 0 for bytes that are not there. */
export function uint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
