/**
 * From a message to bytes: also what no codec would write, such as counts that lie, labels that are too long, and pointers to anywhere (`Message.counts`,
 * `Name`). dns-packet's own `encode` compresses nothing, so that what only passes would grow beyond what a datagram takes.
 */
import type { Edns, Message, Question, Resource } from "../../../faults/dns/message.ts";
import { createOutput } from "./output.ts";
import { writeData } from "./rdata.ts";
import { classNumber, typeNumber } from "./types.ts";

/** A message has at most so many bytes: its length over TCP is 16 bits. */
export const mostBytesOfMessage = 65_535;

/** For all messages, as each is written at once. */
const output = createOutput();

export function encode(message: Message): Uint8Array {
  const { questions, answers, authorities, additionals, edns, counts, trailing } = message;
  output.clear();
  output.uint16(message.id);
  output.uint16(flagsOf(message));
  output.uint16(counts?.qdcount ?? questions.length);
  output.uint16(counts?.ancount ?? answers.length);
  output.uint16(counts?.nscount ?? authorities.length);
  output.uint16(counts?.arcount ?? additionals.length + (edns === undefined ? 0 : 1));
  questions.forEach(writeQuestion);
  answers.forEach(writeResource);
  authorities.forEach(writeResource);
  // A signature of the whole stays the last (RFC 8945, section 5.1). One that comes earlier means nothing, and stays where it is.
  const isSigned = additionals.at(-1)?.type === "TSIG";
  (isSigned ? additionals.slice(0, -1) : additionals).forEach(writeResource);
  if (edns !== undefined) writeOpt(edns, message.rcode >> 4);
  if (isSigned) additionals.slice(-1).forEach(writeResource);
  if (trailing !== undefined) output.bytes(trailing);
  return output.written();
}

function writeQuestion({ name, type, class: of }: Question): void {
  output.name(name);
  output.uint16(typeNumber(type));
  output.uint16(classNumber(of));
}

function writeResource(each: Resource): void {
  writeQuestion(each);
  output.uint32(each.ttl);
  const start = output.begin();
  writeData(each.type, each.data, output);
  output.end(start);
}

function flagsOf({ qr, opcode, aa, tc, rd, ra, z, ad, cd, rcode }: Message): number {
  return (
    (qr ? 0x8000 : 0) |
    ((opcode & 0xf) << 11) |
    (aa ? 0x400 : 0) |
    (tc ? 0x200 : 0) |
    (rd ? 0x100 : 0) |
    (ra ? 0x80 : 0) |
    (z ? 0x40 : 0) |
    (ad ? 0x20 : 0) |
    (cd ? 0x10 : 0) |
    (rcode & 0xf)
  );
}

function writeOpt({ version, udpPayloadSize, dnssecOk, z, options }: Edns, upperRcode: number): void {
  output.name(".");
  output.uint16(typeNumber("OPT"));
  output.uint16(udpPayloadSize);
  output.uint8(upperRcode);
  output.uint8(version);
  output.uint16((dnssecOk ? 0x8000 : 0) | (z & 0x7fff));
  const start = output.begin();
  for (const { code, data } of options) {
    output.uint16(code);
    output.uint16(data.length);
    output.bytes(data);
  }
  output.end(start);
}
