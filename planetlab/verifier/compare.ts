/** What PLC wants on a node and what the node says is there, side by side. */
import { z } from "zod";
import { digestOfKey } from "../key-digest.ts";

const place = z.object({ epoch: z.number(), serial: z.number() });
type Place = z.output<typeof place>;

/** PLC's `GetSlivers`, as far as it matters here. */
export const wantedSchema = place.extend({
  slivers: z.array(
    z.object({ name: z.string(), instantiation: z.string().nullish(), keys: z.array(z.object({ key: z.string() })) }),
  ),
});
export type Wanted = z.output<typeof wantedSchema>;

/** The Node Manager's `dump_state`: keys by their digests. */
export const stateSchema = z.object({
  /** Of the document that it has read last, if that had one. */
  place: place.nullable(),
  /** At most so long ago that document was what PLC said; null: nobody knows. */
  document_age_ms: z.number().nullable(),
  slivers: z.array(z.object({ name: z.string(), keys: z.array(z.string()) })),
});
export type State = z.output<typeof stateSchema>;

export interface Divergence {
  readonly kind: "orphan-sliver" | "missing-sliver" | "missing-key" | "surplus-key" | "stale";
  /** The sliver's, or what else it is about. */
  readonly name: string;
}

/**
 * Below 0: the node has not read yet what PLC has published; above: it has read what PLC has taken back. `unchangedMs`: for at least so long PLC has said the
 * same when the node was asked. By that one can tell of documents that have no place, such as those of 2004.
 */
export function lead({ place: own, document_age_ms: ageMs }: State, wanted: Place, unchangedMs: number): number {
  if (own === null) return ageMs !== null && ageMs <= unchangedMs ? 0 : -1;
  return own.epoch === wanted.epoch ? own.serial - wanted.serial : own.epoch - wanted.epoch;
}

export function compare(wanted: Wanted, state: State): readonly Divergence[] {
  const there = new Map(state.slivers.map(({ name, keys }) => [name, new Set(keys)]));
  const due = new Map(
    wanted.slivers
      .filter(({ instantiation }) => instantiation !== "not-instantiated")
      .map(({ name, keys }) => [name, new Set(keys.map(({ key }) => digestOfKey(key)))]),
  );
  const orphans = [...there.keys()].filter((name) => !due.has(name));
  const missing = [...due.keys()].filter((name) => !there.has(name));
  const keys = [...due].flatMap(([name, wantedKeys]): readonly Divergence[] => {
    const own = there.get(name) ?? wantedKeys;
    return [
      ...(wantedKeys.isSubsetOf(own) ? [] : [{ kind: "missing-key" as const, name }]),
      ...(own.isSubsetOf(wantedKeys) ? [] : [{ kind: "surplus-key" as const, name }]),
    ];
  });
  return [
    ...orphans.map((name) => ({ kind: "orphan-sliver" as const, name })),
    ...missing.map((name) => ({ kind: "missing-sliver" as const, name })),
    ...keys,
  ];
}
