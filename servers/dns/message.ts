/** Questions and replies of a name server, on the wire. RFC 1035, section 4; EDNS: RFC 6891. */
import { decode, encode, type Answer as Packed, type DecodedPacket, type Packet } from "dns-packet";
import type { Answer, Rcode } from "./answer.ts";
import type { RecordData, ZoneRecord } from "./record.ts";

export interface Query {
  readonly id: number;
  readonly opcode: string;
  readonly recursionDesired: boolean;
  readonly questions: readonly { readonly name: string; readonly type: string; readonly class: string }[];
  /** What is said by an OPT record, if there is one. */
  readonly edns: { readonly version: number; readonly size: number } | undefined;
}

const rcodes = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5, BADVERS: 16 } as const;
export type ReplyCode = Rcode | "BADVERS";

const flag = { response: 1 << 15, authoritative: 1 << 10, truncated: 1 << 9, recursionDesired: 1 << 8 };
const headerLength = 12;
/** RFC 1035, section 2.3.4. */
const plainSize = 512;
/** What passes everywhere in one piece (DNS flag day 2020, RFC 9715). */
export const mostUdpSize = 1232;

/** Undefined: this is no query, and nothing is said to it. */
export function readQuery(bytes: Uint8Array): Query | { readonly id: number; readonly problem: "FORMERR" } | undefined {
  const buffer = Buffer.from(bytes);
  if (buffer.length < headerLength || (buffer.readUInt16BE(2) & flag.response) !== 0) return undefined;
  const id = buffer.readUInt16BE();
  try {
    const {
      questions = [],
      additionals = [],
      opcode,
      flags = 0,
    } = decode(buffer) as DecodedPacket & { opcode: string };
    const opt = additionals.find((each) => each.type === "OPT");
    return {
      id,
      opcode,
      recursionDesired: (flags & flag.recursionDesired) !== 0,
      questions: questions.map(({ name, type, class: of = "IN" }) => ({ name, type, class: of })),
      edns: opt?.type === "OPT" ? { version: opt.ednsVersion, size: opt.udpPayloadSize } : undefined,
    };
  } catch {
    return { id, problem: "FORMERR" };
  }
}

/** How much fits in a datagram to whoever asked. */
export function sizeFor({ edns }: Pick<Query, "edns">): number {
  return edns === undefined ? plainSize : Math.min(Math.max(edns.size, plainSize), mostUdpSize);
}

export interface ReplyOptions {
  /** What is longer is cut, and says so. */
  readonly limit: number;
  readonly rcode?: ReplyCode;
}

export function writeReply(query: Query, answer: Answer, { limit, rcode = answer.rcode }: ReplyOptions): Uint8Array {
  const { answers, authorities, additionals } = answer;
  const write = (packet: Pick<Packet, "answers" | "authorities" | "additionals">, flags = 0): Buffer =>
    encode({
      type: "response",
      id: query.id,
      flags:
        flags |
        (rcodes[rcode] & 0xf) |
        (answer.authoritative ? flag.authoritative : 0) |
        (query.recursionDesired ? flag.recursionDesired : 0),
      questions: query.questions.map(({ name, type, class: of }) => ({
        name,
        type,
        class: of,
      })) as Packet["questions"] & {},
      answers: packet.answers ?? [],
      authorities: packet.authorities ?? [],
      additionals: [...(packet.additionals ?? []), ...(query.edns === undefined ? [] : [optOf(rcode)])],
    });
  const packed = (records: readonly ZoneRecord[]): Packed[] => records.map((record) => pack(record, query));
  const whole = { answers: packed(answers), authorities: packed(authorities) };
  for (const extra of [packed(additionals), []]) {
    const bytes = write({ ...whole, additionals: extra });
    if (bytes.length <= limit) return bytes;
  }
  // What is left of a set of records is worse than nothing (RFC 2181, section 9).
  return write({}, flag.truncated);
}

/** What can't be read is told so, with the id that it had. */
export function writeFailure(id: number, rcode: Rcode): Uint8Array {
  return encode({ type: "response", id, flags: rcodes[rcode] });
}

function optOf(rcode: ReplyCode): Packed {
  return {
    type: "OPT",
    name: ".",
    udpPayloadSize: mostUdpSize,
    extendedRcode: rcodes[rcode] >> 4,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [],
  };
}

function pack(record: ZoneRecord, { questions }: Query): Packed {
  // As it was asked for, be it in capitals.
  const name = questions.find((question) => question.name.toLowerCase() === record.name)?.name ?? record.name;
  const common = { name: name === "" ? "." : name, ttl: record.ttl, class: "IN" } as const;
  switch (record.type) {
    case "TXT":
      return { ...common, type: "TXT", data: record.data.map((text) => Buffer.from(text, "latin1")) };
    case "MX":
      return { ...common, type: "MX", data: { ...record.data } };
    case "SRV":
      return { ...common, type: "SRV", data: { ...record.data } };
    case "SOA":
      return { ...common, type: "SOA", data: { ...record.data } };
    case "A":
    case "AAAA":
    case "CNAME":
    case "NS":
    case "PTR":
      return { ...common, type: record.type, data: record.data };
  }
}

/** A question of a name server's own. */
export function writeQuestion(id: number, name: string, type: "SOA" | "AXFR"): Uint8Array {
  return encode({ type: "query", id, questions: [{ name, type, class: "IN" }] });
}

export interface ReadReply {
  readonly id: number;
  readonly rcode: string;
  readonly truncated: boolean;
  /** Of the types that zones here have. */
  readonly answers: readonly ZoneRecord[];
}

/** @throws {Error} if it can't be read. */
export function readReply(bytes: Uint8Array): ReadReply {
  const { id = 0, rcode, answers = [], flags = 0 } = decode(Buffer.from(bytes)) as DecodedPacket & { rcode: string };
  return {
    id,
    rcode,
    truncated: (flags & flag.truncated) !== 0,
    answers: answers.flatMap((each) => unpack(each) ?? []),
  };
}

function unpack(packed: Packed): ZoneRecord | undefined {
  if (packed.type === "OPT" || !("ttl" in packed)) return undefined;
  const common = { name: lower(packed.name), ttl: packed.ttl ?? 0 };
  const data = dataOf(packed);
  return data === undefined ? undefined : { ...common, ...data };
}

function dataOf(packed: Packed): RecordData | undefined {
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- zones here have no other types.
  switch (packed.type) {
    case "A":
    case "AAAA":
      return { type: packed.type, data: packed.data };
    case "CNAME":
    case "NS":
    case "PTR":
      return { type: packed.type, data: lower(packed.data) };
    case "TXT":
      return { type: "TXT", data: [packed.data].flat().map((text) => Buffer.from(text).toString("latin1")) };
    case "MX":
      return {
        type: "MX",
        data: { preference: packed.data.preference ?? 0, exchange: lower(packed.data.exchange) },
      };
    case "SRV": {
      const { priority = 0, weight = 0, port, target } = packed.data;
      return { type: "SRV", data: { priority, weight, port, target: lower(target) } };
    }
    case "SOA": {
      const { mname, rname, serial = 0, refresh = 0, retry = 0, expire = 0, minimum = 0 } = packed.data;
      return {
        type: "SOA",
        data: { mname: lower(mname), rname: lower(rname), serial, refresh, retry, expire, minimum },
      };
    }
    default:
      return undefined;
  }
}

function lower(name: string): string {
  return name === "." ? "" : name.toLowerCase();
}
