/** From bytes to a message, whatever the bytes: RFC 1035, section 4.1; RFC 6891. What is no message is said why. */
import type { Edns, Message, Question, Resource } from "../../../faults/dns/message.ts";
import { Malformed } from "./malformed.ts";
import { readName } from "./names.ts";
import { readData } from "./rdata.ts";
import { className, typeName } from "./types.ts";

export type Decoded = { readonly message: Message } | { readonly malformed: string };

export const headerLength = 12;

export function decode(bytes: Uint8Array): Decoded {
  try {
    return { message: read(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)) };
  } catch (error) {
    if (error instanceof Malformed) return { malformed: error.message };
    throw error;
  }
}

function read(bytes: Uint8Array): Message {
  if (bytes.length < headerLength)
    throw new Malformed(`${bytes.length} bytes, where the header alone has ${headerLength}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const flags = view.getUint16(2);
  const flag = (place: number): boolean => ((flags >> place) & 1) === 1;
  let at = headerLength;

  function many<T>(countAt: number, what: string, one: () => T): readonly T[] {
    const count = view.getUint16(countAt);
    const found: T[] = [];
    while (found.length < count) {
      if (at >= bytes.length)
        throw new Malformed(`the header says ${count} in the ${what} section, of which there are ${found.length}`);
      found.push(one());
    }
    return found;
  }

  function has(length: number): number {
    if (at + length > bytes.length) throw new Malformed(`what begins at ${at} is cut off`);
    return at;
  }

  function question(): Question {
    const { name, end } = readName(bytes, at);
    at = end;
    const start = has(4);
    at += 4;
    return { name, type: typeName(view.getUint16(start)), class: className(view.getUint16(start + 2)) };
  }

  let edns: Edns | undefined;
  let upperRcode = 0;
  function resource(): Resource | undefined {
    const { name, end } = readName(bytes, at);
    at = end;
    const start = has(10);
    const type = typeName(view.getUint16(start));
    const [of, ttl, length] = [view.getUint16(start + 2), view.getUint32(start + 4), view.getUint16(start + 8)];
    has(10 + length);
    at += 10 + length;
    if (type !== "OPT" || name !== "." || edns !== undefined) {
      const data = readData(type, bytes, start + 8, length);
      return { name, type, class: className(of), ttl, data };
    }
    upperRcode = ttl >>> 24;
    edns = {
      version: (ttl >>> 16) & 0xff,
      udpPayloadSize: of,
      dnssecOk: ((ttl >>> 15) & 1) === 1,
      z: ttl & 0x7fff,
      options: readOptions(bytes.subarray(start + 10, at)),
    };
    return undefined;
  }

  const questions = many(4, "question", question);
  const answers = many(6, "answer", () => required(resource()));
  const authorities = many(8, "authority", () => required(resource()));
  const additionals = many(10, "additional", resource).filter((each) => each !== undefined);
  return {
    id: view.getUint16(0),
    qr: flag(15),
    opcode: (flags >> 11) & 0xf,
    aa: flag(10),
    tc: flag(9),
    rd: flag(8),
    ra: flag(7),
    z: flag(6),
    ad: flag(5),
    cd: flag(4),
    rcode: (upperRcode << 4) | (flags & 0xf),
    questions,
    answers,
    authorities,
    additionals,
    ...(edns !== undefined && { edns }),
    ...(at < bytes.length && { trailing: bytes.slice(at) }),
  };
}

function required(found: Resource | undefined): Resource {
  if (found === undefined) throw new Malformed("OPT is not in the additional section");
  return found;
}

function readOptions(bytes: Uint8Array): Edns["options"] {
  const options: { code: number; data: Uint8Array }[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  while (at < bytes.length) {
    if (at + 4 > bytes.length) throw new Malformed("an option of OPT is cut off");
    const length = view.getUint16(at + 2);
    const data = bytes.slice(at + 4, at + 4 + length);
    if (data.length < length) throw new Malformed("an option of OPT is cut off");
    options.push({ code: view.getUint16(at), data });
    at += 4 + length;
  }
  return options;
}

/** What a message is about, without decoding it. */
export interface Peeked {
  readonly id: number;
  readonly qr: boolean;
  readonly opcode: number;
  readonly tc: boolean;
  readonly rcode: number;
  readonly name: string;
  readonly type: string;
  readonly class: string;
}

/** Undefined: it has no question that could be read. */
export function peek(bytes: Uint8Array): Peeked | undefined {
  if (bytes.length < headerLength + 5) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint16(4) === 0) return undefined;
  try {
    const { name, end } = readName(bytes, headerLength);
    if (end + 4 > bytes.length) return undefined;
    const flags = view.getUint16(2);
    return {
      id: view.getUint16(0),
      qr: flags >> 15 === 1,
      opcode: (flags >> 11) & 0xf,
      tc: ((flags >> 9) & 1) === 1,
      rcode: flags & 0xf,
      name,
      type: typeName(view.getUint16(end)),
      class: className(view.getUint16(end + 2)),
    };
  } catch {
    return undefined;
  }
}
