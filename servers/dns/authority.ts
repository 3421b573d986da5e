/** What a name server with zones makes of a message. */
import type { Message } from "../../faults/dns/message.ts";
import { answer, failed } from "./answer.ts";
import type { Answer, Zones } from "./answer.ts";
import { askedIn, isTruncated, readQuery, sizeFor, writeRefusal, writeReply } from "./message.ts";
import type { ZoneRecord } from "./record.ts";
import type { Respond, Transport } from "./serve.ts";

const longestMessage = 65_535;
/** Of a zone that is handed over, as long as they fit. */
const recordsInMessage = 100;

export function createAuthority(zones: Zones): Respond {
  return async (message, over) => {
    const query = readQuery(message);
    if (query === undefined) return [];
    if ("malformed" in query) return [query.malformed];
    const asked = askedIn(query);
    if ("rcode" in asked) return [writeRefusal(query, asked.rcode)];
    if (asked.type === "AXFR" || asked.type === "IXFR")
      return transfer(query, asked.type, asked.name.toLowerCase(), zones, over);
    return [writeReply(query, answer(zones, asked), over === "udp" ? sizeFor(query) : longestMessage)];
  };
}

/** RFC 5936: the whole zone between two copies of its SOA. Whoever asks for changes only gets all of it as well (RFC 1995, section 4). */
function transfer(
  query: Message,
  type: "AXFR" | "IXFR",
  origin: string,
  zones: Zones,
  over: Transport,
): readonly Uint8Array[] {
  const zone = zones.get(origin);
  const refuse = (rcode: Answer["rcode"]): readonly Uint8Array[] => [writeReply(query, failed(rcode), longestMessage)];
  if (!zones.has(origin)) return refuse("REFUSED");
  if (zone === undefined) return refuse("SERVFAIL");
  const hand = (answers: readonly ZoneRecord[]): Uint8Array =>
    writeReply(query, { ...failed("NOERROR"), authoritative: true, answers }, longestMessage);
  // A datagram has room for the SOA alone, which says: ask over TCP if this is news.
  if (over === "udp") return type === "IXFR" ? [hand([zone.soa])] : refuse("FORMERR");
  const records = [...zone.records, zone.soa];
  const messages: Uint8Array[] = [];
  for (let at = 0; at < records.length; at += recordsInMessage)
    messages.push(...inMessages(records.slice(at, at + recordsInMessage), hand));
  return messages;
}

/** None of them is cut short: a record that is not handed over is gone without a word. */
function inMessages(
  records: readonly ZoneRecord[],
  hand: (records: readonly ZoneRecord[]) => Uint8Array,
): readonly Uint8Array[] {
  const whole = hand(records);
  if (!isTruncated(whole) || records.length === 1) return [whole];
  const half = Math.ceil(records.length / 2);
  return [...inMessages(records.slice(0, half), hand), ...inMessages(records.slice(half), hand)];
}
