/** What slices have used in all of something that nobody gives back: CPU time, bytes. */
import type { Config } from "./config.ts";

export interface Meters {
  /** `now`: what is used by what is there, of the slice's group of that pid; `past`: by what has ended. */
  read(slice: string, pid: number | undefined, now: number, past: number): number;
  keepOnly(slices: ReadonlyMap<string, unknown>): void;
}

interface Meter {
  readonly pid: number | undefined;
  readonly seen: number;
  /** By what can't be seen any more. */
  readonly lost: number;
}

export function createMeters({ guards }: Pick<Config, "guards">): Meters {
  const meters = new Map<string, Meter>();
  const readAll = (slice: string, pid: number | undefined, seen: number): number => {
    const before = meters.get(slice) ?? { pid, seen: 0, lost: 0 };
    // Of one group it can only grow, so that whatever is missing has ended unseen. A new group begins at nothing.
    const missing = before.pid === pid ? Math.max(0, before.seen - seen) : before.seen;
    const lost = before.lost + missing;
    meters.set(slice, { pid, seen, lost });
    return lost + seen;
  };
  return {
    read: (slice, pid, now, past) => (guards.has("count-the-dead") ? readAll(slice, pid, now + past) : now),
    keepOnly(slices) {
      for (const name of meters.keys()) if (!slices.has(name)) meters.delete(name);
    },
  };
}
