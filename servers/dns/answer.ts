/**
 * What an authority answers: the algorithm of RFC 1034, section 4.3.2, with the negative answers of RFC 2308 and the wildcards of RFC 4592.
 *
 *     zone? ──no──► REFUSED        delegated below? ──► referral
 *       └► name? ──no──► wildcard? ──no──► NXDOMAIN and SOA
 *            └► alias? ──► once more with what it stands for        type? ──no──► NODATA: SOA alone
 */
import { isWithin, typeInZone } from "./record.ts";
import type { ZoneRecord } from "./record.ts";
import { negativeTtl, parentOf } from "./zone.ts";
import type { Node, Zone } from "./zone.ts";

export type Rcode = "NOERROR" | "FORMERR" | "SERVFAIL" | "NXDOMAIN" | "NOTIMP" | "REFUSED";

export interface Answer {
  readonly rcode: Rcode;
  /** It comes from the authority itself. */
  readonly authoritative: boolean;
  readonly answers: readonly ZoneRecord[];
  readonly authorities: readonly ZoneRecord[];
  readonly additionals: readonly ZoneRecord[];
}

/** A zone; undefined for one that is known by name only, such as a secondary's that has never been fetched or is too old. */
export type Zones = ReadonlyMap<string, Zone | undefined>;

/** A chain of aliases that is longer is cut here, and so is a circle. */
const longestChain = 16;

export const failed = (rcode: Rcode): Answer => ({
  rcode,
  authoritative: false,
  answers: [],
  authorities: [],
  additionals: [],
});

/** The zone that is closest to the name. */
export function closest(zones: Zones, name: string): string | undefined {
  for (let origin = name; ; origin = parentOf(origin)) {
    if (zones.has(origin)) return origin;
    if (origin === "") return undefined;
  }
}

/** `type`: any word, such as ANY. */
export function answer(zones: Zones, asked: { readonly name: string; readonly type: string }): Answer {
  const answers: ZoneRecord[] = [];
  const seen = new Set<string>();
  let name = asked.name.toLowerCase();
  for (;;) {
    const origin = closest(zones, name);
    const isFirst = seen.size === 0;
    if (origin === undefined) return isFirst ? failed("REFUSED") : found(zones, answers);
    const zone = zones.get(origin);
    if (zone === undefined) return isFirst ? failed("SERVFAIL") : found(zones, answers);
    const cut = delegationOf(zone, name, asked.type);
    if (cut !== undefined)
      return isFirst
        ? { ...failed("NOERROR"), authorities: cut, additionals: addressesFor(cut, zones) }
        : { ...found(zones, answers), authorities: cut };
    const node = nodeFor(zone, name);
    if (node === undefined) return { ...negative(zone, "NXDOMAIN"), answers };
    const alias = node.get("CNAME")?.[0];
    if (alias?.type === "CNAME" && asked.type !== "CNAME" && asked.type !== "ANY") {
      answers.push(alias);
      seen.add(name);
      name = alias.data;
      if (seen.has(name) || seen.size >= longestChain) return found(zones, answers);
      continue;
    }
    const type = typeInZone(asked.type);
    const own = asked.type === "ANY" ? [...node.values()].flat() : ((type && node.get(type)) ?? []);
    if (own.length === 0) return { ...negative(zone, "NOERROR"), answers };
    return found(zones, [...answers, ...own]);
  }
}

function found(zones: Zones, answers: readonly ZoneRecord[]): Answer {
  return {
    rcode: "NOERROR",
    authoritative: true,
    answers,
    authorities: [],
    additionals: addressesFor(answers, zones).filter((record) => !answers.includes(record)),
  };
}

function negative({ soa }: Zone, rcode: "NOERROR" | "NXDOMAIN"): Answer {
  return {
    rcode,
    authoritative: true,
    answers: [],
    authorities: [{ ...soa, ttl: negativeTtl(soa) }],
    additionals: [],
  };
}

/** The name servers of the highest zone cut at or above the name, below the origin: another zone begins there. */
function delegationOf(zone: Zone, name: string, type: string): readonly ZoneRecord[] | undefined {
  let cut: readonly ZoneRecord[] | undefined;
  for (let at = name; at !== zone.origin; at = parentOf(at)) {
    // What stands above the cut about the zone below (RFC 4035, section 3.1.4.1).
    if (at === name && type === "DS") continue;
    cut = zone.find(at)?.get("NS") ?? cut;
  }
  return cut;
}

/** Its own, or what the wildcard at its closest encloser has, under its name. */
function nodeFor(zone: Zone, name: string): Node | undefined {
  const own = zone.find(name);
  if (own !== undefined) return own;
  let encloser = parentOf(name);
  while (encloser !== zone.origin && zone.find(encloser) === undefined) encloser = parentOf(encloser);
  const wildcard = zone.find(encloser === "" ? "*" : `*.${encloser}`);
  if (wildcard === undefined) return undefined;
  return new Map([...wildcard].map(([type, records]) => [type, records.map((record) => ({ ...record, name }))]));
}

/** What spares whoever asks the next question. */
function addressesFor(records: readonly ZoneRecord[], zones: Zones): readonly ZoneRecord[] {
  const names = new Set(records.flatMap((record) => hostOf(record) ?? []));
  return [...names].flatMap((name) => {
    // Glue stands in the zone above the cut, so that every zone around the name is looked at.
    const node = [...zones.values()].flatMap((zone) =>
      zone !== undefined && isWithin(name, zone.origin) ? (zone.find(name) ?? []) : [],
    )[0];
    return node === undefined ? [] : [...(node.get("A") ?? []), ...(node.get("AAAA") ?? [])];
  });
}

function hostOf(record: ZoneRecord): string | undefined {
  if (record.type === "NS") return record.data;
  if (record.type === "MX") return record.data.exchange;
  return record.type === "SRV" ? record.data.target : undefined;
}
