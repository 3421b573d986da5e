/**
 * From a message to bytes: also what no codec would write, such as counts that lie, labels that are too long, and pointers to anywhere (`Message.counts`,
 * `Name`). dns-packet's own `encode` compresses nothing, so that what only passes would grow beyond what a datagram takes.
 */
import type { Edns, Message, Name, Question, Resource } from "../../../faults/dns/message.ts";
import { writeName, type Written } from "./names.ts";
import { uint16, uint32, writeData } from "./rdata.ts";
import { classNumber, typeNumber } from "./types.ts";

/** A message has at most so many bytes: its length over TCP is 16 bits. */
export const mostBytesOfMessage = 65_535;

export function encode(message: Message): Uint8Array {
  const { questions, answers, authorities, additionals, edns, counts = {}, trailing, rcode } = message;
  const written: Written = new Map();
  const pieces: Uint8Array[] = [];
  let at = 0;
  const put = (bytes: ArrayLike<number>): void => {
    const piece = bytes instanceof Uint8Array ? bytes : Uint8Array.from(bytes);
    pieces.push(piece);
    at += piece.length;
  };
  const name = (of: Name): void => put(writeName(of, at, written));
  const heading = ({ name: of, type, class: kind }: Question): void => {
    name(of);
    put([...uint16(typeNumber(type)), ...uint16(classNumber(kind))]);
  };
  const resource = (each: Resource): void => {
    heading(each);
    const rdata = writeData(each.type, each.data, at + 6, written);
    put([...uint32(each.ttl), ...uint16(rdata.length)]);
    put(rdata);
  };

  const { qdcount = questions.length, ancount = answers.length, nscount = authorities.length } = counts;
  const { arcount = additionals.length + (edns === undefined ? 0 : 1) } = counts;
  put([message.id, flagsOf(message), qdcount, ancount, nscount, arcount].flatMap(uint16));
  for (const question of questions) heading(question);
  for (const each of [...answers, ...authorities]) resource(each);
  // A signature of the whole is the last (RFC 8945, section 5.1).
  const signature = additionals.findLastIndex(({ type }) => type === "TSIG");
  for (const [n, each] of additionals.entries()) if (n !== signature) resource(each);
  if (edns !== undefined) put(optOf(edns, rcode >> 4));
  for (const each of additionals.slice(signature, signature === -1 ? 0 : signature + 1)) resource(each);
  if (trailing !== undefined) put(trailing);
  return Buffer.concat(pieces);
}

function flagsOf({ qr, opcode, aa, tc, rd, ra, z, ad, cd, rcode }: Message): number {
  const flags = [qr, ...[8, 4, 2, 1].map((bit) => (opcode & bit) !== 0), aa, tc, rd, ra, z, ad, cd];
  return flags.reduce((bits, flag) => (bits << 1) | Number(flag), 0) * 16 + (rcode & 0xf);
}

function optOf({ version, udpPayloadSize, dnssecOk, z, options }: Edns, upperRcode: number): readonly number[] {
  const data = options.flatMap((each) => [...uint16(each.code), ...uint16(each.data.length), ...each.data]);
  const flags = (dnssecOk ? 0x8000 : 0) | (z & 0x7fff);
  const ttl = [upperRcode & 0xff, version & 0xff, ...uint16(flags)];
  return [0, ...uint16(typeNumber("OPT")), ...uint16(udpPayloadSize), ...ttl, ...uint16(data.length), ...data];
}
