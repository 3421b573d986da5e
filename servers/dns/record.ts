/** Resource records as a zone has them (RFC 1035, section 3.2). Names are absolute, in lower case and without their last dot; the root is empty. */
// oxlint-disable-next-line no-restricted-imports -- these are no sockets.
import { isIPv4, isIPv6 } from "node:net";
import { typeNumber } from "../../proxies/dns/wire/types.ts";

export interface Soa {
  /** The primary. */
  readonly mname: string;
  /** The mailbox of whoever is responsible. */
  readonly rname: string;
  readonly serial: number;
  /** In seconds, as the three below. */
  readonly refresh: number;
  readonly retry: number;
  readonly expire: number;
  /** How long a negative answer may be kept (RFC 2308). */
  readonly minimum: number;
}

export type RecordData =
  | { readonly type: "A" | "AAAA" | "CNAME" | "NS" | "PTR"; readonly data: string }
  | { readonly type: "MX"; readonly data: { readonly preference: number; readonly exchange: string } }
  | { readonly type: "TXT"; readonly data: readonly string[] }
  | {
      readonly type: "SRV";
      readonly data: {
        readonly priority: number;
        readonly weight: number;
        readonly port: number;
        readonly target: string;
      };
    }
  | { readonly type: "SOA"; readonly data: Soa }
  /** As they are on the wire. */
  | { readonly type: "HINFO" | "CAA" | OtherType; readonly data: Uint8Array };

/** Those without a name here (RFC 3597). */
export type OtherType = `TYPE${number}`;

export type RecordType = RecordData["type"];

export type ZoneRecord = RecordData & { readonly name: string; /** In seconds. */ readonly ttl: number };

export type NamedType = Exclude<RecordType, OtherType>;

export const recordTypes: readonly NamedType[] = [
  "A",
  "AAAA",
  "CNAME",
  "NS",
  "MX",
  "TXT",
  "PTR",
  "SRV",
  "SOA",
  "HINFO",
  "CAA",
];

/** What a zone calls the type of a message or a file; undefined for a word that is none. */
export function typeInZone(word: string): RecordType | undefined {
  const named = recordTypes.find((type) => type === word);
  if (named !== undefined) return named;
  try {
    const number = typeNumber(word);
    return recordTypes.find((type) => typeNumber(type) === number) ?? `TYPE${number}`;
  } catch {
    return undefined;
  }
}

/** OPT, and those of questions and of what goes with messages (RFC 6895, section 3.1): no zone has them. */
export function isOfMessages(type: OtherType): boolean {
  const number = typeNumber(type);
  return number === 0 || number === 41 || (number >= 128 && number <= 255);
}

/** `link:fetch` in place of an address: where the client of that link finds its server. */
const linkPrefix = "link:";

export function linkOf({ type, data }: RecordData): string | undefined {
  return type === "A" && data.startsWith(linkPrefix) ? data.slice(linkPrefix.length) : undefined;
}

/** Why this can't be what is behind the type; undefined if it can. */
export function wrongAddress(type: "A" | "AAAA", text: string): string | undefined {
  if (type === "AAAA") return isIPv6(text) ? undefined : `write an IPv6 address, such as 2001:db8::1, not ${text}`;
  if (isIPv4(text) || /^link:[a-z][a-z0-9_]*$/.test(text)) return undefined;
  return `write an IPv4 address, such as 192.0.2.1, or a link of the plan, such as link:fetch, not ${text}`;
}

export function isWithin(name: string, origin: string): boolean {
  return origin === "" || name === origin || name.endsWith(`.${origin}`);
}

/** Serial number arithmetic: RFC 1982. Of two that are 2^31 apart neither is newer. */
export function isNewer(serial: number, than: number): boolean {
  const ahead = (serial - than) >>> 0;
  return ahead > 0 && ahead < 2 ** 31;
}
