/** Types of records by their names in IANA's registry; those that have none here are written as TYPE65280 (RFC 3597, section 5). */
import { nearest } from "../nearest.ts";

export const types: Readonly<Record<string, number>> = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  NULL: 10,
  PTR: 12,
  HINFO: 13,
  MX: 15,
  TXT: 16,
  RP: 17,
  AFSDB: 18,
  AAAA: 28,
  LOC: 29,
  SRV: 33,
  NAPTR: 35,
  CERT: 37,
  DNAME: 39,
  OPT: 41,
  DS: 43,
  SSHFP: 44,
  RRSIG: 46,
  NSEC: 47,
  DNSKEY: 48,
  NSEC3: 50,
  NSEC3PARAM: 51,
  TLSA: 52,
  CDS: 59,
  CDNSKEY: 60,
  SVCB: 64,
  HTTPS: 65,
  SPF: 99,
  TKEY: 249,
  TSIG: 250,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
  CAA: 257,
};

/** What to write in place of a type that no question is told to have; undefined if there is nothing wrong with it. */
export function adviceOnType(name: string): string | undefined {
  if (Object.hasOwn(types, name)) return undefined;
  const [, digits] = /^TYPE(\d+)$/.exec(name) ?? [];
  if (digits === undefined) {
    const meant = nearest(name, Object.keys(types));
    return meant === undefined
      ? `there is no type ${name} here: write its number, such as TYPE65280`
      : `did you mean ${meant}?`;
  }
  const number = Number(digits);
  if (number > 0xffff) return "write a number of up to 65535 behind TYPE";
  const known = Object.entries(types).find(([, each]) => each === number)?.[0];
  const plain = known ?? `TYPE${number}`;
  return plain === name ? undefined : `write ${plain}`;
}
