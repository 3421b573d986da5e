/**
 * Zone files as every name server reads them: the master files of RFC 1035, section 5, with the $TTL of RFC 2308.
 *
 *     $ORIGIN plc.test.
 *     $TTL 5m
 *     @     IN SOA ns hostmaster ( 7 1h 10m 1w 1m )
 *           IN NS  ns
 *     boot  5s A   link:fetch        ; ours: where the client of the plan's link finds its server
 */
import { wrongName } from "../../faults/dns/name.ts";
import { isOfMessages, recordTypes, typeInZone, wrongAddress } from "./record.ts";
import type { NamedType, OtherType, RecordData, ZoneRecord } from "./record.ts";
import { readEntries } from "./tokens.ts";
import type { MasterProblem, Token } from "./tokens.ts";

export type { MasterProblem } from "./tokens.ts";

export interface MasterFile {
  /** The owner of its SOA; undefined if it has none. */
  readonly origin: string | undefined;
  readonly records: readonly ZoneRecord[];
  /** In the order of their lines. */
  readonly problems: readonly MasterProblem[];
}

type Complain = (message: string) => void;

/** @param origin What relative names count from until an $ORIGIN says otherwise. */
export function parseMasterFile(text: string, origin?: string): MasterFile {
  const problems: MasterProblem[] = [];
  const complainAt = (line: number, message: string): void => void problems.push({ line, message });
  const records: ZoneRecord[] = [];
  let current = origin;
  let standard: number | undefined;
  let owner: string | undefined;
  let lastTtl: number | undefined;

  for (const { line, indented, tokens } of readEntries(text, complainAt)) {
    const complain: Complain = (message) => complainAt(line, message);
    const nameOf = (token: Token): string | undefined => absolute(token, current, complain);
    const [first, value] = tokens;
    if (first === undefined) continue;
    if (!indented && !first.quoted && first.text.startsWith("$")) {
      directive(first.text.toUpperCase(), value, complain, {
        origin: (token) => (current = nameOf(token) ?? current),
        ttl: (seconds) => (standard = seconds),
      });
      continue;
    }
    const rest = indented ? tokens : tokens.slice(1);
    if (!indented) owner = ownerOf(first, nameOf, complain);
    if (indented && owner === undefined)
      complain("write a name in front: no record is above whose name this could have");
    const { ttl, type, data } = takeApart(rest, complain);
    if (type === undefined) continue;
    lastTtl = ttl ?? lastTtl;
    const parsed = isNamed(type) ? parseData(type, data, nameOf, complain) : parseBytes(type, data, complain);
    if (parsed === undefined || owner === undefined) continue;
    // RFC 1035 has the last one stated, where RFC 2308's $TTL is missing; and a SOA has at least its own last field.
    const seconds = ttl ?? standard ?? lastTtl ?? (parsed.type === "SOA" ? parsed.data.minimum : undefined);
    if (seconds === undefined) complain("write a TTL in front of the type, or $TTL 5m above: there is none");
    else records.push({ name: owner, ttl: (lastTtl = seconds), ...parsed });
  }
  return {
    origin: records.find(({ type }) => type === "SOA")?.name,
    records,
    problems: problems.toSorted((one, other) => one.line - other.line),
  };
}

interface Directives {
  readonly origin: (token: Token) => void;
  readonly ttl: (seconds: number) => void;
}

function directive(word: string, value: Token | undefined, complain: Complain, { origin, ttl }: Directives): void {
  switch (word) {
    case "$ORIGIN":
      if (value === undefined) complain("write a name behind $ORIGIN, such as plc.test.");
      else origin(value);
      return;
    case "$TTL": {
      const seconds = secondsOf(value?.text ?? "");
      if (seconds === undefined)
        complain(`write a TTL behind $TTL, such as 300 or 5m, not ${value?.text ?? "nothing"}`);
      else ttl(seconds);
      return;
    }
    case "$INCLUDE":
      complain(
        `write the records of ${value?.text ?? "the file"} in place of $INCLUDE: a zone is one file, which goes to its server as it is`,
      );
      return;
    default:
      complain(`write $ORIGIN or $TTL: ${word} is not understood here`);
  }
}

/** `[TTL] [class] type RDATA`, the first two in any order. */
function takeApart(
  tokens: readonly Token[],
  complain: Complain,
): { readonly ttl?: number; readonly type?: string; readonly data: readonly Token[] } {
  let ttl: number | undefined;
  for (const [index, { text }] of tokens.entries()) {
    const word = text.toUpperCase();
    if (word !== "ANY" && typeInZone(word) !== undefined)
      return { ...(ttl === undefined ? {} : { ttl }), type: word, data: tokens.slice(index + 1) };
    if (word === "IN") continue;
    if (["CH", "HS", "CS"].includes(word)) {
      complain(`leave out ${text}: all names here are of class IN`);
      return { data: [] };
    }
    const seconds = secondsOf(text);
    if (seconds === undefined || ttl !== undefined) {
      complain(`write a type of records, one of ${recordTypes.join(", ")}, or TYPE65280 \\# 4 0a000001, not ${text}`);
      return { data: [] };
    }
    ttl = seconds;
  }
  complain(`write what the name has, such as A 192.0.2.1`);
  return { data: [] };
}

/** Behind each type, what it has, as one would write it. */
const examples: Readonly<Record<NamedType, string>> = {
  A: "192.0.2.1",
  AAAA: "2001:db8::1",
  CNAME: "www",
  NS: "ns1",
  PTR: "www.plc.test.",
  MX: "10 mail",
  TXT: '"some text"',
  SRV: "0 5 443 www",
  SOA: "ns1 hostmaster 7 1h 10m 1w 1m",
  HINFO: '"PDP-11" "UNIX"',
  CAA: '0 issue "ca.test"',
};

/** What is left of a message's 65,535 bytes when everything else in it is as long as it can be. */
const mostOfTexts = 64_000;

/** How many words; TXT has any number. */
const lengths: Readonly<Partial<Record<NamedType, number>>> = {
  A: 1,
  AAAA: 1,
  CNAME: 1,
  NS: 1,
  PTR: 1,
  MX: 2,
  SRV: 4,
  SOA: 7,
  HINFO: 2,
  CAA: 3,
};

const isNamed = (type: string): type is NamedType => recordTypes.some((each) => each === type);

/** `\# 4 0a000001`: how many bytes, and which (RFC 3597, section 5). */
function parseBytes(word: string, tokens: readonly Token[], complain: Complain): RecordData | undefined {
  const type = typeInZone(word) ?? word;
  if (isNamed(type)) {
    complain(`write ${type} in place of ${word}, and what it has as text, such as ${examples[type]}`);
    return undefined;
  }
  if (isOfMessages(type as OtherType)) {
    complain(`leave out ${word}: it is a type of messages, and no zone has it`);
    return undefined;
  }
  const [sign, count, ...words] = tokens.map(({ text }) => text);
  if (sign !== "#" || count === undefined || !/^\d{1,5}$/.test(count)) {
    complain(
      `write \\#, the number of bytes and the bytes behind ${word}, such as \\# 2 0a00, not ${describe(tokens)}`,
    );
    return undefined;
  }
  const digits = words.join("");
  if (!/^[\da-f]*$/i.test(digits) || digits.length !== 2 * Number(count) || Number(count) > mostOfTexts) {
    complain(
      `write ${count} bytes in hexadecimal, such as 0a, behind \\# ${count}, not ${words.join(" ") || "nothing"}`,
    );
    return undefined;
  }
  return { type: type as OtherType, data: Uint8Array.from(Buffer.from(digits, "hex")) };
}

export function parseData(
  type: NamedType,
  tokens: readonly Token[],
  nameOf: (token: Token) => string | undefined,
  complain: Complain,
): RecordData | undefined {
  const wanted = lengths[type];
  if (wanted === undefined ? tokens.length === 0 : tokens.length !== wanted) {
    complain(`write ${type} and ${wanted ?? "at least 1"} of: ${examples[type]}, not ${describe(tokens)}`);
    return undefined;
  }
  let wrong = false;
  const fail: Complain = (message) => {
    wrong = true;
    complain(message);
  };
  const name = (index: number): string => {
    const token = tokens[index];
    const found = token && nameOf(token);
    // Whoever says undefined has complained.
    if (found === undefined) wrong = true;
    return found ?? "";
  };
  const number = (index: number, most: number): number => {
    const text = tokens[index]?.text ?? "";
    if (/^\d{1,10}$/.test(text) && Number(text) <= most) return Number(text);
    fail(`write a whole number from 0 to ${most}, not ${text}`);
    return 0;
  };
  const time = (index: number): number => {
    const text = tokens[index]?.text ?? "";
    const seconds = secondsOf(text);
    if (seconds === undefined) fail(`write a time, such as 3600 or 1h, not ${text}`);
    return seconds ?? 0;
  };
  const string = (index: number): string => {
    const text = tokens[index]?.text ?? "";
    if (text.length > 255) fail(`write shorter texts behind ${type}: 255 bytes at most in each, not ${text.length}`);
    return text;
  };
  const parsed = ((): RecordData => {
    switch (type) {
      case "A":
      case "AAAA": {
        const data = tokens[0]?.text.toLowerCase() ?? "";
        const complaint = wrongAddress(type, data);
        if (complaint !== undefined) fail(complaint);
        return { type, data };
      }
      case "CNAME":
      case "NS":
      case "PTR":
        return { type, data: name(0) };
      case "MX":
        return { type, data: { preference: number(0, 65_535), exchange: name(1) } };
      case "TXT":
        for (const index of tokens.keys()) string(index);
        if (tokens.reduce((sum, { text }) => sum + 1 + text.length, 0) > mostOfTexts)
          fail(`write less behind TXT: ${mostOfTexts} bytes at most in one record, so that it fits into a message`);
        return { type, data: tokens.map(({ text }) => text) };
      case "SRV":
        return {
          type,
          data: { priority: number(0, 65_535), weight: number(1, 65_535), port: number(2, 65_535), target: name(3) },
        };
      case "SOA":
        return {
          type,
          data: {
            mname: name(0),
            rname: name(1),
            serial: number(2, 2 ** 32 - 1),
            refresh: time(3),
            retry: time(4),
            expire: time(5),
            minimum: time(6),
          },
        };
      case "HINFO":
        return { type, data: bytesOf(...[string(0), string(1)].flatMap((text) => [text.length, text])) };
      case "CAA": {
        const [flags, tag, value] = [number(0, 255), tokens[1]?.text ?? "", tokens[2]?.text ?? ""];
        if (!/^[\da-z]{1,15}$/i.test(tag))
          fail(`write a tag of letters and digits, 15 at most, such as issue, not ${tag}`);
        if (value.length > mostOfTexts) fail(`write a shorter value behind CAA: ${mostOfTexts} bytes at most`);
        return { type, data: bytesOf(flags, tag.length, tag, value) };
      }
    }
  })();
  return wrong ? undefined : parsed;
}

/** Numbers are bytes, and so is each character of a text. */
function bytesOf(...parts: readonly (number | string)[]): Uint8Array {
  const whole = parts.map((part) => (typeof part === "number" ? String.fromCharCode(part) : part)).join("");
  return Uint8Array.from(Buffer.from(whole, "latin1"));
}

function describe(tokens: readonly Token[]): string {
  return tokens.length === 0 ? "nothing" : tokens.map(({ text }) => text).join(" ");
}

/** What a zone finds by its labels has no dot within one; what only stands in a record may. */
function ownerOf(token: Token, nameOf: (token: Token) => string | undefined, complain: Complain): string | undefined {
  if (!token.name.includes("\\.")) return nameOf(token);
  complain(`write a name without \\. in front, not ${token.name}`);
  return undefined;
}

/** `@` is the origin, a dot at the end ends a name, and anything else counts from the origin. */
function absolute({ name: text }: Token, origin: string | undefined, complain: Complain): string | undefined {
  // A dot behind a backslash is one within a label, unless that is itself behind one.
  const isAbsolute = /(?<!\\)(?:\\\\)*\.$/.test(text);
  if (!isAbsolute && origin === undefined) {
    complain(
      `write ${text === "@" ? "a name" : `${text}.`} with a dot at its end, or $ORIGIN above: there is nothing that it could count from`,
    );
    return undefined;
  }
  const lower = text.toLowerCase();
  const name = isAbsolute
    ? lower.slice(0, -1)
    : lower === "@"
      ? (origin ?? "")
      : [lower, origin].filter((part) => part !== undefined && part !== "").join(".");
  const wrong = wrongName(name);
  if (wrong !== undefined) complain(wrong);
  return wrong === undefined ? name : undefined;
}

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
/** RFC 2181, section 8. */
const longestTtl = 2 ** 31 - 1;

/** Seconds, or with units, as in 1h30m. */
function secondsOf(text: string): number | undefined {
  if (!/^(?:\d{1,10}|(?:\d{1,10}[smhdw])+)$/i.test(text)) return undefined;
  const parts = [...text.matchAll(/(\d+)([smhdw]?)/gi)];
  const seconds = parts.reduce(
    (sum, [, number, unit = ""]) => sum + Number(number) * (unitSeconds[unit.toLowerCase()] ?? 1),
    0,
  );
  return seconds <= longestTtl ? seconds : undefined;
}

/** Of a text that a plan has, for a single record. */
export function parseRecordText(
  type: NamedType,
  text: string,
  origin: string,
): { readonly data: RecordData } | { readonly problem: string } {
  const problems: string[] = [];
  const complain: Complain = (message) => void problems.push(message);
  const tokens = readEntries(text, (_line, message) => complain(message)).flatMap((entry) => entry.tokens);
  const data = parseData(type, tokens, (token) => absolute(token, origin, complain), complain);
  const [problem] = problems;
  return data === undefined || problem !== undefined ? { problem: problem ?? "write a record" } : { data };
}
