/** Types of records by their names in IANA's registry; those that have none are written as TYPE65280 (RFC 3597, section 5). */
import { nearest } from "../nearest.ts";

const numbers = {
  A: 1,
  NS: 2,
  MD: 3,
  MF: 4,
  CNAME: 5,
  SOA: 6,
  MB: 7,
  MG: 8,
  MR: 9,
  NULL: 10,
  WKS: 11,
  PTR: 12,
  HINFO: 13,
  MINFO: 14,
  MX: 15,
  TXT: 16,
  RP: 17,
  AFSDB: 18,
  X25: 19,
  ISDN: 20,
  RT: 21,
  NSAP: 22,
  "NSAP-PTR": 23,
  SIG: 24,
  KEY: 25,
  PX: 26,
  GPOS: 27,
  AAAA: 28,
  LOC: 29,
  NXT: 30,
  EID: 31,
  NIMLOC: 32,
  SRV: 33,
  ATMA: 34,
  NAPTR: 35,
  KX: 36,
  CERT: 37,
  A6: 38,
  DNAME: 39,
  SINK: 40,
  OPT: 41,
  APL: 42,
  DS: 43,
  SSHFP: 44,
  IPSECKEY: 45,
  RRSIG: 46,
  NSEC: 47,
  DNSKEY: 48,
  DHCID: 49,
  NSEC3: 50,
  NSEC3PARAM: 51,
  TLSA: 52,
  SMIMEA: 53,
  HIP: 55,
  NINFO: 56,
  RKEY: 57,
  TALINK: 58,
  CDS: 59,
  CDNSKEY: 60,
  OPENPGPKEY: 61,
  CSYNC: 62,
  ZONEMD: 63,
  SVCB: 64,
  HTTPS: 65,
  DSYNC: 66,
  HHIT: 67,
  BRID: 68,
  SPF: 99,
  UINFO: 100,
  UID: 101,
  GID: 102,
  UNSPEC: 103,
  NID: 104,
  L32: 105,
  L64: 106,
  LP: 107,
  EUI48: 108,
  EUI64: 109,
  NXNAME: 128,
  TKEY: 249,
  TSIG: 250,
  IXFR: 251,
  AXFR: 252,
  MAILB: 253,
  MAILA: 254,
  ANY: 255,
  URI: 256,
  CAA: 257,
  AVC: 258,
  DOA: 259,
  AMTRELAY: 260,
  RESINFO: 261,
  WALLET: 262,
  CLA: 263,
  IPN: 264,
  TA: 32768,
  DLV: 32769,
};

export const types: ReadonlyMap<string, number> = new Map(Object.entries(numbers));
const byNumber: ReadonlyMap<number, string> = new Map(types.entries().map(([name, number]) => [number, name]));

export const typeName = (type: number): string => byNumber.get(type) ?? `TYPE${type}`;

/** The number of a type that is written as one: `TYPE28`. */
function numberIn(name: string): number | undefined {
  const [, digits] = /^TYPE(\d+)$/.exec(name) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** A type as it is called here, whichever way it is written: `TYPE28` is AAAA. */
export function plainType(name: string): string {
  const number = numberIn(name);
  return number === undefined ? name : typeName(number);
}

/** What to write in place of a type that no question is told to have; undefined if there is nothing wrong with it. */
export function adviceOnType(name: string): string | undefined {
  if (types.has(name)) return undefined;
  const number = numberIn(name);
  if (number !== undefined) return number > 0xffff ? "write a number of up to 65535 behind TYPE" : undefined;
  const meant = nearest(name, Object.keys(numbers));
  return meant === undefined
    ? `there is no type ${name} here: write its number, such as TYPE65280`
    : `did you mean ${meant}?`;
}
