/** Types, classes and the like by their names in IANA's registry. */

const types: Readonly<Record<string, number>> = {
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
const classes: Readonly<Record<string, number>> = { IN: 1, CH: 3, HS: 4, NONE: 254, ANY: 255 };
const opcodes: Readonly<Record<string, number>> = { QUERY: 0, IQUERY: 1, STATUS: 2, NOTIFY: 4, UPDATE: 5, DSO: 6 };
const rcodeNumbers: Readonly<Record<string, number>> = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  YXDOMAIN: 6,
  YXRRSET: 7,
  NXRRSET: 8,
  NOTAUTH: 9,
  NOTZONE: 10,
  DSOTYPENI: 11,
  BADVERS: 16,
  BADCOOKIE: 23,
};

const turned = (table: Readonly<Record<string, number>>): ReadonlyMap<number, string> =>
  new Map(Object.entries(table).map(([name, number]) => [number, name]));
const [typeNames, classNames, opcodeNames, rcodeNames] = [
  turned(types),
  turned(classes),
  turned(opcodes),
  turned(rcodeNumbers),
];

export const typeName = (type: number): string => typeNames.get(type) ?? `TYPE${type}`;
export const className = (number: number): string => classNames.get(number) ?? `CLASS${number}`;
export const opcodeName = (opcode: number): string => opcodeNames.get(opcode) ?? `OPCODE${opcode}`;
export const rcodeName = (rcode: number): string => rcodeNames.get(rcode) ?? `RCODE${rcode}`;

export const typeNumber = (name: string): number => numberOf(name, types, "TYPE");
export const classNumber = (name: string): number => numberOf(name, classes, "CLASS");

function numberOf(name: string, table: Readonly<Record<string, number>>, generic: string): number {
  const found = Object.hasOwn(table, name) ? table[name] : undefined;
  if (found !== undefined) return found;
  const written = name.startsWith(generic) ? Number(name.slice(generic.length)) : Number.NaN;
  if (Number.isInteger(written) && written >= 0 && written <= 0xffff) return written;
  throw new RangeError(`${name} is none that a message can have: write its name, or ${generic}65280`);
}
