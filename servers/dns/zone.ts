/** One zone: all that an authority knows, by name. */
import { isWithin } from "./record.ts";
import type { RecordType, Soa, ZoneRecord } from "./record.ts";

export type SoaRecord = Extract<ZoneRecord, { type: "SOA" }>;

/** What a name has, by type, in the order of the file. */
export type Node = ReadonlyMap<RecordType, readonly ZoneRecord[]>;

export interface Zone {
  readonly origin: string;
  readonly soa: SoaRecord;
  /** The SOA is the first. */
  readonly records: readonly ZoneRecord[];
  /** Undefined: there is no such name. One that only has names below it has no types. */
  find(name: string): Node | undefined;
}

export interface ZoneProblem {
  readonly record: ZoneRecord | undefined;
  readonly message: string;
}

/** What makes the records no zone: empty if they are one. */
export function problemsOfZone(origin: string, records: readonly ZoneRecord[]): readonly ZoneProblem[] {
  const [first, ...others] = records.filter(({ type }) => type === "SOA");
  const all: ZoneProblem[] = [];
  if (first === undefined)
    all.push({ record: undefined, message: `write a SOA for ${shown(origin)}: the zone has none` });
  else if (first.name !== origin)
    all.push({ record: first, message: `write the SOA at ${shown(origin)}, not at ${shown(first.name)}` });
  for (const record of others) all.push({ record, message: "leave out this SOA: the zone has one already" });
  for (const record of records)
    if (!isWithin(record.name, origin))
      all.push({ record, message: `leave out ${shown(record.name)}: it is not in the zone ${shown(origin)}` });
  const aliases = Map.groupBy(records, ({ name }) => name);
  for (const [name, own] of aliases) {
    const alias = own.find(({ type }) => type === "CNAME");
    // RFC 1034, section 3.6.2; RFC 2181, section 10.1.
    if (alias !== undefined && own.length > 1)
      all.push({
        record: alias,
        message: `leave out this CNAME, or all else: ${shown(name)} has other records as well`,
      });
  }
  return all;
}

function shown(name: string): string {
  return `${name}.`;
}

/** Of records that are one. */
export function createZone(origin: string, given: readonly ZoneRecord[]): Zone {
  const soa = given.find((record): record is SoaRecord => record.type === "SOA");
  if (soa === undefined) throw new Error(`the zone ${shown(origin)} has no SOA`);
  const records = [soa, ...given.filter((record) => record !== soa)];
  const nodes = new Map<string, Map<RecordType, ZoneRecord[]>>();
  const nodeAt = (name: string): Map<RecordType, ZoneRecord[]> => {
    const known = nodes.get(name);
    if (known !== undefined) return known;
    const made = new Map<RecordType, ZoneRecord[]>();
    nodes.set(name, made);
    // Whatever is above a name is there, too (RFC 4592, section 2.2.2).
    if (name !== origin) nodeAt(parentOf(name));
    return made;
  };
  for (const record of records) {
    const node = nodeAt(record.name);
    const same = node.get(record.type);
    // Those of one set last equally long (RFC 2181, section 5.2).
    if (same === undefined) node.set(record.type, [record]);
    else same.push({ ...record, ttl: same[0]?.ttl ?? record.ttl });
  }
  return { origin, soa, records, find: (name) => nodes.get(name) };
}

export function parentOf(name: string): string {
  const dot = name.indexOf(".");
  return dot === -1 ? "" : name.slice(dot + 1);
}

export function negativeTtl({ ttl, data }: { readonly ttl: number; readonly data: Soa }): number {
  return Math.min(ttl, data.minimum);
}
