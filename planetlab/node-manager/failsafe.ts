/**
 * The failsafe: when many slices are suddenly gone from the list, it is most likely the list that is wrong (paper 3.4). What is destroyed can't be brought back.
 *
 *     missing ─┬─ PLC says that it was deleted ───────────────────────────────► may go
 *              ├─ few, together with those that went lately ──────────────────► may go
 *              └─ many ──► held, and told ──► so many documents in a row agree ──► may go
 */
import { z } from "zod";
import type { Clock, Log } from "../../host/host.ts";
import type { Config } from "./config.ts";

/** What is remembered across restarts. */
export const failsafeSchema = z.strictObject({
  /** What went lately as one of a few, and how long ago. */
  lost: z.array(z.strictObject({ name: z.string(), ago_ms: z.number() })),
  /** What is missing, and how many documents in a row have said so. */
  doubted: z.strictObject({ names: z.array(z.string()), documents: z.int().positive() }).nullable(),
});
export type FailsafeMemory = z.output<typeof failsafeSchema>;

export interface Failsafe {
  /** Of those that are there and that a document does not want: which of them may go. */
  judge(document: {
    readonly present: readonly string[];
    readonly missing: readonly string[];
    /** PLC says of these that they are meant to be gone. */
    readonly deleted: readonly string[];
  }): readonly string[];
  saved(): FailsafeMemory;
  /** `elapsedMs`: how long nobody was there to look. */
  restore(memory: FailsafeMemory, elapsedMs: number): void;
  report(): { readonly held: readonly string[]; readonly documents: number; readonly lost: number };
}

/** One alone may go: that is how slices end. */
const fewest = 2;
/** More than a node ever has; older ones are forgotten first. */
const mostLost = 10_000;

export function createFailsafe(
  clock: Clock,
  config: Pick<Config, "guards" | "vanishPercent" | "vanishWindowMs" | "confirmations">,
  { log }: { readonly log: Log },
): Failsafe {
  const { guards, vanishPercent, vanishWindowMs, confirmations } = config;
  /** When each was lost. */
  const lost = new Map<string, number>();
  let doubted: { readonly names: readonly string[]; readonly documents: number } | undefined;

  const forgetOldLosses = (): void => {
    for (const [name, at] of lost) {
      if (clock.monotonic() - at > vanishWindowMs || lost.size > mostLost) lost.delete(name);
    }
  };
  /** Lost one after another, as in one. */
  const lostLately = (): readonly string[] => (guards.has("failsafe-window") ? [...lost.keys()] : []);
  const isSudden = (missing: readonly string[], present: readonly string[]): boolean => {
    const gone = new Set([...lostLately(), ...missing]);
    const all = new Set([...gone, ...present]);
    return gone.size >= fewest && gone.size * 100 >= vanishPercent * all.size;
  };
  const documentsThatAgree = (missing: readonly string[]): number => {
    if (doubted === undefined) return 1;
    if (guards.has("failsafe-agreement") && doubted.names.join() !== missing.join()) return 1;
    return doubted.documents + 1;
  };
  /** True as soon as it is to be believed. */
  const doubt = (missing: readonly string[], of: number): boolean => {
    const documents = documentsThatAgree(missing);
    const isBelieved = documents >= confirmations;
    doubted = isBelieved ? undefined : { names: missing, documents };
    log(isBelieved ? "slices.gone" : "slices.vanished", { names: missing, of, documents });
    return isBelieved;
  };
  const judge: Failsafe["judge"] = ({ present, missing, deleted }) => {
    forgetOldLosses();
    const tombstones = new Set(guards.has("tombstones") ? deleted : []);
    const meant = missing.filter((name) => tombstones.has(name));
    const others = missing.filter((name) => !tombstones.has(name)).toSorted();
    const candidates = present.filter((name) => !tombstones.has(name));
    for (const name of lost.keys()) if (present.includes(name) && !others.includes(name)) lost.delete(name);
    if (others.length > 0 && isSudden(others, candidates)) return doubt(others, candidates.length) ? missing : meant;
    doubted = undefined;
    for (const name of others) lost.set(name, clock.monotonic());
    return missing;
  };

  const remember: Failsafe["restore"] = (memory, elapsedMs) => {
    for (const { name, ago_ms } of memory.lost) lost.set(name, clock.monotonic() - ago_ms - elapsedMs);
    doubted = memory.doubted ?? undefined;
  };

  return {
    judge: guards.has("failsafe") ? judge : ({ missing }) => missing,
    saved: () => ({
      lost: [...lost].map(([name, at]) => ({ name, ago_ms: clock.monotonic() - at })),
      doubted: doubted === undefined ? null : { names: [...doubted.names], documents: doubted.documents },
    }),
    restore: guards.has("failsafe-memory") ? remember : () => undefined,
    report: () => ({ held: doubted?.names ?? [], documents: doubted?.documents ?? 0, lost: lost.size }),
  };
}
