/** A message in one line, its fields named as in RFC 1035 and 6891; what is none, in hexadecimal with the reason. */
import { labelText } from "../../../faults/dns/name.ts";
import type { Edns, Message, Name, Resource } from "../../../faults/dns/message.ts";
import { decode } from "./decode.ts";
import { describeData } from "./rdata.ts";
import { opcodeName, rcodeName } from "./types.ts";

/** More of either says nothing more. */
const mostBytesShown = 256;
const mostRecordsShown = 16;
const longestData = 200;

export function describe(bytes: Uint8Array): string {
  const decoded = decode(bytes);
  return "message" in decoded ? describeMessage(decoded.message) : `malformed (${decoded.malformed}): ${hexOf(bytes)}`;
}

export function describeMessage(message: Message): string {
  const { id, qr, opcode, rcode, questions, answers, authorities, additionals, edns, trailing } = message;
  const flags = (["aa", "tc", "rd", "ra", "z", "ad", "cd"] as const).filter((flag) => message[flag]);
  const header = [
    `ID ${id}`,
    qr ? "response" : "query",
    ...(opcode === 0 ? [] : [`OPCODE ${opcodeName(opcode)}`]),
    ...(flags.length === 0 ? [] : [flags.join(" ").toUpperCase()]),
    ...(qr || rcode !== 0 ? [`RCODE ${rcodeName(rcode)}`] : []),
  ].join(", ");
  return [
    header,
    questions.length === 0
      ? "no question"
      : `Question ${questions.map(({ name, type, class: of }) => `${text(name)} ${of} ${type}`).join(", ")}`,
    ...section("Answer", answers),
    ...section("Authority", authorities),
    ...section("Additional", additionals),
    ...(edns === undefined ? [] : [describeEdns(edns)]),
    ...(trailing === undefined ? [] : [`${trailing.length} bytes behind it: ${hexOf(trailing)}`]),
  ].join("; ");
}

/** Of a line that `describe` has made: what each name of its answer is an alias of, in lower case; "" if it has records of its own. */
export function aliasesIn(line: string): ReadonlyMap<string, string> {
  const [, answer = ""] = /; Answer (.*?)(?:; (?:Authority|Additional|OPT) .*)?$/s.exec(line) ?? [];
  const records = answer.matchAll(/(?:^|, )(\S+) \d+ IN ([A-Z]\w*)(?: ([^\s,]+))?/g);
  const aliases = new Map<string, string>();
  for (const [, name = "", type, target = ""] of records)
    aliases.set(name.toLowerCase(), type === "CNAME" ? target.toLowerCase() : "");
  return aliases;
}

function section(what: string, records: readonly Resource[]): readonly string[] {
  if (records.length === 0) return [];
  const shown = records.slice(0, mostRecordsShown).map(describeRecord);
  const rest = records.length - shown.length;
  return [`${what} ${[...shown, ...(rest === 0 ? [] : [`and ${rest} more`])].join(", ")}`];
}

function describeRecord({ name, type, class: of, ttl, data }: Resource): string {
  const described = visible(describeData(type, data, text));
  const short = described.length > longestData ? `${described.slice(0, longestData)}…` : described;
  return `${text(name)} ${ttl} ${of} ${type} ${short}`.trim();
}

/** JSON lets DEL and the controls behind it through, which terminals obey. */
function visible(described: string): string {
  return described.replace(
    /[\p{Cc}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function describeEdns({ version, udpPayloadSize, dnssecOk, z, options }: Edns): string {
  return [
    `OPT VERSION ${version}, UDP ${udpPayloadSize}`,
    ...(dnssecOk ? ["DO"] : []),
    ...(z === 0 ? [] : [`Z 0x${z.toString(16)}`]),
    ...options.slice(0, mostRecordsShown).map(({ code, data }) => `option ${code} (${data.length} bytes)`),
  ].join(", ");
}

const text = (name: Name): string => (typeof name === "string" ? name : labelText(name));

function hexOf(bytes: Uint8Array): string {
  const shown = Buffer.from(bytes.subarray(0, mostBytesShown)).toString("hex");
  return bytes.length > mostBytesShown ? `${shown}… (${bytes.length} bytes)` : shown;
}
