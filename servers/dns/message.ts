/** Messages of a name server: what a zone's records are on the wire, and what of others' records a zone can have. */
import {
  answerTo,
  questionOf,
  rcodes,
  type Data,
  type Message,
  type Name,
  type Resource,
} from "../../faults/dns/message.ts";
import { decode } from "../../proxies/dns/wire/decode.ts";
import { encode } from "../../proxies/dns/wire/encode.ts";
import { fit, payloadOf } from "../../proxies/dns/wire/fit.ts";
import type { Answer, Rcode } from "./answer.ts";
import { typeInZone } from "./record.ts";
import type { OtherType, RecordData, RecordType, ZoneRecord } from "./record.ts";

const headerLength = 12;
/** What passes everywhere in one piece (DNS flag day 2020, RFC 9715). */
const mostOfDatagram = 1232;

/** Undefined: this is no query, and nothing is said to it. */
export function readQuery(bytes: Uint8Array): Message | { readonly malformed: Uint8Array } | undefined {
  if (bytes.length < headerLength || isResponse(bytes)) return undefined;
  const decoded = decode(bytes);
  if ("message" in decoded) return decoded.message;
  const [id = 0, low = 0] = bytes;
  return { malformed: encode({ ...nothing, id: id * 256 + low, qr: true, rcode: rcodes.formerr }) };
}

const nothing: Message = {
  id: 0,
  qr: false,
  opcode: 0,
  aa: false,
  tc: false,
  rd: false,
  ra: false,
  z: false,
  ad: false,
  cd: false,
  rcode: rcodes.noerror,
  questions: [],
  answers: [],
  authorities: [],
  additionals: [],
};

export function isResponse(bytes: Uint8Array): boolean {
  return ((bytes[2] ?? 0) & 0x80) !== 0;
}

export function isTruncated(bytes: Uint8Array): boolean {
  return ((bytes[2] ?? 0) & 0x02) !== 0;
}

export interface Asked {
  /** As it was asked, be it in capitals. */
  readonly name: string;
  readonly type: string;
}

/** The one question of class IN that an authority answers, or why it does not. */
export function askedIn(query: Message): Asked | { readonly rcode: number } {
  if (query.edns !== undefined && query.edns.version > 0) return { rcode: rcodes.badvers };
  if (query.opcode !== 0) return { rcode: rcodes.notimp };
  const question = query.questions.length === 1 ? questionOf(query) : undefined;
  if (question === undefined) return { rcode: rcodes.formerr };
  if (question.class !== "IN" && question.class !== "ANY") return { rcode: rcodes.refused };
  return { name: question.name === "." ? "" : question.name, type: question.type };
}

/** How much fits in a datagram to whoever asked. */
export function sizeFor(query: Message): number {
  return Math.min(payloadOf(query), mostOfDatagram);
}

export function writeRefusal(query: Message, rcode: number): Uint8Array {
  return encode(answerTo(query, { ra: false, rcode }));
}

/** What is longer is cut, and says so. */
export function writeReply(query: Message, answer: Answer, limit: number): Uint8Array {
  const asked = questionOf(query)?.name ?? "";
  const packed = (records: readonly ZoneRecord[]): readonly Resource[] => records.map((record) => pack(record, asked));
  return fit(
    answerTo(query, {
      ra: false,
      aa: answer.authoritative,
      rcode: rcodes[answer.rcode.toLowerCase() as Lowercase<Rcode>],
      answers: packed(answer.answers),
      authorities: packed(answer.authorities),
      additionals: packed(answer.additionals),
    }),
    limit,
  );
}

/** A question of a name server's own. */
export function writeQuestion(id: number, name: string, type: "SOA" | "AXFR"): Uint8Array {
  return encode({ ...nothing, id, questions: [{ name: dotted(name), type, class: "IN" }] });
}

export interface ReadReply {
  readonly id: number;
  readonly rcode: number;
  /** Of the types that zones here have. */
  readonly answers: readonly ZoneRecord[];
}

/** @throws {Error} if it can't be read. */
export function readReply(bytes: Uint8Array): ReadReply {
  const decoded = decode(bytes);
  if ("malformed" in decoded) throw new Error(`what came is no message: ${decoded.malformed}`);
  const { id, rcode, answers } = decoded.message;
  return { id, rcode, answers: answers.flatMap((each) => unpack(each) ?? []) };
}

function pack(record: ZoneRecord, asked: string): Resource {
  const name = asked.toLowerCase() === record.name ? asked : dotted(record.name);
  return { name, type: record.type, class: "IN", ttl: record.ttl, data: packData(record) };
}

function packData(record: RecordData): Data {
  switch (record.type) {
    case "A":
    case "AAAA":
      return { address: record.data };
    case "CNAME":
    case "NS":
    case "PTR":
      return { target: dotted(record.data) };
    case "MX":
      return { preference: record.data.preference, exchange: dotted(record.data.exchange) };
    case "TXT":
      return { texts: record.data.map((text) => Buffer.from(text, "latin1")) };
    case "SRV": {
      const { target, ...rest } = record.data;
      return { ...rest, service: dotted(target) };
    }
    case "SOA":
      return { ...record.data, mname: dotted(record.data.mname), rname: dotted(record.data.rname) };
    case "HINFO":
    case "CAA":
    default:
      return { rdata: record.data };
  }
}

function unpack({ name, type, ttl, data }: Resource): ZoneRecord | undefined {
  const unpacked = unpackData(type, data);
  return unpacked === undefined ? undefined : { name: lower(name), ttl, ...unpacked };
}

/** Undefined for what no zone here has. */
function unpackData(type: string, data: Data): RecordData | undefined {
  if ("address" in data && (type === "A" || type === "AAAA")) return { type, data: data.address };
  if ("target" in data && (type === "CNAME" || type === "NS" || type === "PTR"))
    return { type, data: lower(data.target) };
  if ("exchange" in data) return { type: "MX", data: { ...data, exchange: lower(data.exchange) } };
  if ("texts" in data) return { type: "TXT", data: data.texts.map((text) => Buffer.from(text).toString("latin1")) };
  if ("service" in data) {
    const { service, ...rest } = data;
    return { type: "SRV", data: { ...rest, target: lower(service) } };
  }
  if ("mname" in data) return { type: "SOA", data: { ...data, mname: lower(data.mname), rname: lower(data.rname) } };
  const other = typeInZone(type);
  // Bytes of a type that has a shape are none of it.
  if ("rdata" in data && other !== undefined && isOfBytes(other)) return { type: other, data: data.rdata };
  return undefined;
}

const isOfBytes = (type: RecordType): type is "HINFO" | "CAA" | OtherType =>
  type === "HINFO" || type === "CAA" || type.startsWith("TYPE");

/** The root has no labels here, and a dot there. */
function dotted(name: string): string {
  return name === "" ? "." : name;
}

function lower(name: Name): string {
  return name === "." || typeof name !== "string" ? "" : name.toLowerCase();
}
