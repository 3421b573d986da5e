/** Types, classes and the like by their names in IANA's registry. */
import { typeName, types } from "../../../faults/dns/types.ts";

type Numbers = ReadonlyMap<string, number>;

const numbers = (table: Readonly<Record<string, number>>): Numbers => new Map(Object.entries(table));

const classes = numbers({ IN: 1, CH: 3, HS: 4, NONE: 254, ANY: 255 });
const opcodes = numbers({ QUERY: 0, IQUERY: 1, STATUS: 2, NOTIFY: 4, UPDATE: 5, DSO: 6 });
const rcodes = numbers({
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
});

const turned = (table: Numbers): ReadonlyMap<number, string> =>
  new Map(table.entries().map(([name, number]) => [number, name]));
const [classNames, opcodeNames, rcodeNames] = [turned(classes), turned(opcodes), turned(rcodes)];

export { typeName };
export const className = (number: number): string => classNames.get(number) ?? `CLASS${number}`;
export const opcodeName = (opcode: number): string => opcodeNames.get(opcode) ?? `OPCODE${opcode}`;
export const rcodeName = (rcode: number): string => rcodeNames.get(rcode) ?? `RCODE${rcode}`;

export const typeNumber = (name: string): number => numberOf(name, types, "TYPE");
export const classNumber = (name: string): number => numberOf(name, classes, "CLASS");

function numberOf(name: string, table: Numbers, generic: string): number {
  const found = table.get(name);
  if (found !== undefined) return found;
  const written = name.startsWith(generic) ? Number(name.slice(generic.length)) : Number.NaN;
  if (Number.isInteger(written) && written >= 0 && written <= 0xffff) return written;
  throw new RangeError(`${name} is none that a message can have: write its name, or ${generic}65280`);
}
