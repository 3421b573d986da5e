/** A DNS message, decoded: RFC 1035, section 4; its OPT record, if there is one, apart (RFC 6891). */
import { isSameName, under } from "./name.ts";

/** Text (`name.ts`); or the very bytes that go on the wire, for what no text says: pointers, labels that are too long. */
export type Name = string | Uint8Array;

export interface Message {
  readonly id: number;
  readonly qr: boolean;
  readonly opcode: number;
  readonly aa: boolean;
  readonly tc: boolean;
  readonly rd: boolean;
  readonly ra: boolean;
  readonly z: boolean;
  readonly ad: boolean;
  readonly cd: boolean;
  /** With the upper bits that OPT carries; without OPT they are lost on the wire. */
  readonly rcode: number;
  readonly questions: readonly Question[];
  readonly answers: readonly Resource[];
  readonly authorities: readonly Resource[];
  /** Without OPT. */
  readonly additionals: readonly Resource[];
  readonly edns?: Edns | undefined;
  /** What the header says, where that is not how many there are. */
  readonly counts?: Partial<Counts>;
  /** Behind all that the header counts. */
  readonly trailing?: Uint8Array;
}

export interface Counts {
  readonly qdcount: number;
  readonly ancount: number;
  readonly nscount: number;
  readonly arcount: number;
}

export interface Question {
  readonly name: Name;
  /** `A`, `AAAA` and so on, else `TYPE65280` (RFC 3597). */
  readonly type: string;
  /** `IN`, `CH` and so on, else `CLASS42`. */
  readonly class: string;
}

/** A resource record. */
export interface Resource extends Question {
  /** 32 bits as they are on the wire: above 2^31 it means 0 (RFC 2181, section 8). */
  readonly ttl: number;
  readonly data: Data;
}

/** By type: A and AAAA; NS, CNAME, PTR and DNAME; MX; SRV; SOA; TXT. All others, and what is none of its type, as bytes. */
export type Data =
  | { readonly address: string }
  | { readonly target: Name }
  | { readonly preference: number; readonly exchange: Name }
  | { readonly priority: number; readonly weight: number; readonly port: number; readonly service: Name }
  | Soa
  | { readonly texts: readonly Uint8Array[] }
  | { readonly rdata: Uint8Array };

export interface Soa {
  readonly mname: Name;
  readonly rname: Name;
  readonly serial: number;
  readonly refresh: number;
  readonly retry: number;
  readonly expire: number;
  readonly minimum: number;
}

export interface Edns {
  readonly version: number;
  /** The largest UDP payload that its sender takes. */
  readonly udpPayloadSize: number;
  /** DO (RFC 3225). */
  readonly dnssecOk: boolean;
  /** The other 15 bits of its flags. */
  readonly z: number;
  readonly options: readonly { readonly code: number; readonly data: Uint8Array }[];
}

/** By their names (RFC 1035 section 4.1.1, RFC 2136, RFC 6891, RFC 8914's registry). */
export const rcodes = {
  noerror: 0,
  formerr: 1,
  servfail: 2,
  nxdomain: 3,
  notimp: 4,
  refused: 5,
  yxdomain: 6,
  yxrrset: 7,
  nxrrset: 8,
  notauth: 9,
  notzone: 10,
  dsotypeni: 11,
  badvers: 16,
} as const;

/** What a server says when it says nothing more: the query's id, opcode and question, its RD, and an OPT if it had one (RFC 6891, section 7). */
export function answerTo(query: Message, with_: Partial<Message> = {}): Message {
  const { id, opcode, rd, cd, questions, edns } = query;
  return {
    id,
    opcode,
    rd,
    cd,
    questions,
    qr: true,
    aa: false,
    tc: false,
    ra: true,
    z: false,
    ad: false,
    rcode: rcodes.noerror,
    answers: [],
    authorities: [],
    additionals: [],
    ...(edns !== undefined && {
      edns: { version: 0, udpPayloadSize: 1232, dnssecOk: edns.dnssecOk, z: 0, options: [] },
    }),
    ...with_,
  };
}

/** The one that matters: nobody asks more than one (RFC 9619). */
export function questionOf({ questions }: Message): NamedQuestion | undefined {
  const [first] = questions;
  return first !== undefined && isNamedByText(first) ? first : undefined;
}

interface NamedQuestion extends Question {
  readonly name: string;
}

function isNamedByText(question: Question): question is NamedQuestion {
  return typeof question.name === "string";
}

/** Answered by many messages, none of which is the answer (RFC 5936, RFC 1995). */
export function isTransfer(query: Message): boolean {
  const type = questionOf(query)?.type;
  return type === "AXFR" || type === "IXFR";
}

export function resource(name: Name, type: string, ttl: number, data: Data): Resource {
  return { name, type, class: "IN", ttl, data };
}

export function isNamed({ name }: Resource, wanted: string): boolean {
  return typeof name === "string" && isSameName(name, wanted);
}

/** A zone's SOA, for a negative answer (RFC 2308, section 5): whoever believes it keeps the answer for `minimum` seconds. */
export function soa(zone: string, minimum: number): Resource {
  const data = {
    mname: under("ns", zone),
    rname: under("hostmaster", zone),
    serial: 1,
    refresh: 3600,
    retry: 600,
    expire: 604_800,
    minimum,
  };
  return resource(zone, "SOA", minimum, data);
}

/** A record of A or AAAA, by what the address is. */
export function addressRecord(name: Name, address: string, ttl: number): Resource {
  return resource(name, address.includes(":") ? "AAAA" : "A", ttl, { address });
}
