/**
 * Who may run next, so that each slice gets its share of the CPU: pure arithmetic, a turn of some milliseconds at a time.
 *
 *     what each has used ÷ its weight = how far it has come ──► those that are farthest behind run, as many as there are CPUs for
 *
 * Whoever rests is never held: it costs nothing, and runs at once when it wakes. It keeps no claim to what it did not use: it starts again beside the
 * others. A slice with a hundred processes counts as what it can fill, and what it has used is what counts (stride scheduling, Waldspurger 1995).
 */
export interface Claim {
  readonly name: string;
  readonly weight: number;
  /** In the turn that is over; of those that were held nothing is known. */
  readonly last: { readonly spentMs: number; readonly active: number } | undefined;
}

export interface Turns {
  /** Names of those that may run, `turnMs` after the call before. */
  next(claims: readonly Claim[], turnMs: number): ReadonlySet<string>;
  /** Those that wanted a CPU in the last turn, or are held. */
  hungry(): number;
}

interface Place {
  /** CPU milliseconds by weight. */
  come: number;
  isHungry: boolean;
  /** CPUs that it can fill. */
  fills: number;
}

/** Whoever uses less of a CPU than this rests. */
const restingShare = 0.2;
/** Of what others had meanwhile, whoever could not use its share keeps a claim to so much. */
const longestLagMs = 5000;

export function createTurns(cpus: number): Turns {
  const places = new Map<string, Place>();

  const hungry = (): readonly Place[] => [...places.values()].filter(({ isHungry }) => isHungry);
  const account = ({ name, weight, last }: Claim, turnMs: number): void => {
    const behind = hungry().map(({ come }) => come);
    const place = places.get(name) ?? { come: 0, isHungry: false, fills: 1 };
    places.set(name, place);
    if (last === undefined) return;
    place.come += last.spentMs / weight;
    const wasHungry = place.isHungry;
    place.isHungry = last.active > 0 || last.spentMs >= restingShare * turnMs;
    place.fills = Math.min(cpus, Math.max(1, last.active));
    if (!place.isHungry || behind.length === 0) return;
    const least = wasHungry ? Math.max(...behind) - longestLagMs / weight : Math.min(...behind);
    place.come = Math.max(place.come, least);
  };

  return {
    hungry: () => hungry().length,
    next(claims, turnMs) {
      const names = new Set(claims.map(({ name }) => name));
      for (const name of places.keys()) if (!names.has(name)) places.delete(name);
      for (const claim of claims) account(claim, turnMs);
      const waiting = [...places]
        .filter(([, place]) => place.isHungry)
        .sort(([, one], [, other]) => one.come - other.come);
      const chosen = new Set<string>();
      let free = cpus;
      const choose = ([name, { fills }]: readonly [string, Place]): void => {
        chosen.add(name);
        free -= fills;
      };
      for (const each of waiting) if (free === cpus || each[1].fills <= free) choose(each);
      // Rather too many than a CPU that nobody has.
      for (const each of waiting) if (free > 0 && !chosen.has(each[0])) choose(each);
      return new Set([...places].filter(([name, place]) => !place.isHungry || chosen.has(name)).map(([name]) => name));
    },
  };
}
