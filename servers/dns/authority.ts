/** What a name server with zones makes of a message. */
import { answer, failed } from "./answer.ts";
import type { Answer, Zones } from "./answer.ts";
import { mostUdpSize, readQuery, sizeFor, writeFailure, writeReply } from "./message.ts";
import type { Query, ReplyCode } from "./message.ts";
import type { ZoneRecord } from "./record.ts";
import type { Respond, Transport } from "./serve.ts";

const longestMessage = 65_535;
/** Of a zone that is handed over: few enough that no name makes a message too long. */
const recordsInMessage = 100;

export function createAuthority(zones: Zones): Respond {
  return async (message, over) => {
    const query = readQuery(message);
    if (query === undefined) return [];
    if ("problem" in query) return [writeFailure(query.id, query.problem)];
    const limit = over === "udp" ? sizeFor(query) : longestMessage;
    const refused = refusalOf(query);
    if (refused !== undefined) return [writeReply(query, failed("REFUSED"), { limit, rcode: refused })];
    const [question] = query.questions;
    if (question === undefined) return [];
    const { type } = question;
    if (type === "AXFR" || type === "IXFR") return transfer(query, question.name.toLowerCase(), zones, over);
    return [writeReply(query, answer(zones, question), { limit })];
  };
}

function refusalOf({ opcode, questions, edns }: Query): ReplyCode | undefined {
  if (edns !== undefined && edns.version > 0) return "BADVERS";
  if (opcode !== "QUERY") return "NOTIMP";
  if (questions.length !== 1) return "FORMERR";
  return questions[0]?.class === "IN" || questions[0]?.class === "ANY" ? undefined : "REFUSED";
}

/** RFC 5936: the whole zone between two copies of its SOA. Whoever asks for changes only gets all of it as well (RFC 1995, section 4). */
function transfer(query: Query, origin: string, zones: Zones, over: Transport): readonly Uint8Array[] {
  const zone = zones.get(origin);
  const whole = (rcode: Answer["rcode"]): readonly Uint8Array[] => [
    writeReply(query, failed(rcode), { limit: longestMessage }),
  ];
  if (!zones.has(origin)) return whole("REFUSED");
  if (zone === undefined) return whole("SERVFAIL");
  const hand = (answers: readonly ZoneRecord[], limit: number): Uint8Array =>
    writeReply(query, { ...failed("NOERROR"), authoritative: true, answers }, { limit });
  // A datagram has room for the SOA alone, which says: ask over TCP if this is news.
  if (over === "udp") return query.questions[0]?.type === "IXFR" ? [hand([zone.soa], mostUdpSize)] : whole("FORMERR");
  const records = [...zone.records, zone.soa];
  const messages: Uint8Array[] = [];
  for (let at = 0; at < records.length; at += recordsInMessage)
    messages.push(hand(records.slice(at, at + recordsInMessage), longestMessage));
  return messages;
}
