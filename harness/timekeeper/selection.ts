/**
 * Which servers are right (RFC 5905, section 11.2). Each says that the truth is within an interval around its offset:
 *
 *     a  ├────┼────┤
 *     b     ├────┼────┤            those in whose intervals one and the same moment is: truechimers, if they are a majority
 *     c                    ├─┼─┤   a falseticker
 *
 * Of these, the cluster algorithm puts the outliers aside, and the rest make a mean.
 */

export interface Candidate {
  readonly name: string;
  readonly offsetMs: number;
  /** Half the width of its interval: how far from the truth it may be. */
  readonly distanceMs: number;
  readonly jitterMs: number;
  readonly stratum: number;
}

export interface Selected {
  readonly offsetMs: number;
  readonly jitterMs: number;
  /** The best first. */
  readonly survivors: readonly string[];
  readonly falsetickers: readonly string[];
}

/** Fewer are not put aside any more (NMIN). */
const fewestSurvivors = 3;
/** A stratum more is as bad as so much more distance (MAXDIST). */
const distanceOfStratumMs = 1000;

/** Undefined if there is no majority. */
export function select(candidates: readonly Candidate[]): Selected | undefined {
  const interval = intersection(candidates);
  if (interval === undefined) return undefined;
  const truechimers = candidates.filter(
    ({ offsetMs, distanceMs }) =>
      offsetMs + distanceMs >= interval.low &&
      offsetMs - distanceMs <= interval.high &&
      offsetMs >= interval.low - 1e-9 &&
      offsetMs <= interval.high + 1e-9,
  );
  const survivors = cluster(truechimers);
  if (survivors.length === 0) return undefined;
  const kept = new Set(truechimers);
  return {
    ...combine(survivors),
    survivors: survivors.map(({ name }) => name),
    falsetickers: candidates.filter((each) => !kept.has(each)).map(({ name }) => name),
  };
}

/** The smallest interval that has points of all but `allowed` of them, `allowed` being fewer than half (appendix A.5.5.1). */
function intersection(candidates: readonly Candidate[]): { readonly low: number; readonly high: number } | undefined {
  const edges = candidates
    .flatMap(({ offsetMs, distanceMs }) => [
      { at: offsetMs - distanceMs, type: 1 },
      { at: offsetMs, type: 0 },
      { at: offsetMs + distanceMs, type: -1 },
    ])
    .toSorted((one, other) => one.at - other.at || other.type - one.type);
  const all = candidates.length;
  for (let allowed = 0; 2 * allowed < all; allowed += 1) {
    const low = edgeOf(edges, all - allowed, 1);
    const high = edgeOf(edges.toReversed(), all - allowed, -1);
    if (low === undefined || high === undefined || low.at > high.at) continue;
    // Midpoints outside are falsetickers, and so many there may be.
    const outside = candidates.filter(({ offsetMs }) => offsetMs < low.at || offsetMs > high.at).length;
    if (outside <= allowed) return { low: low.at, high: high.at };
  }
  return undefined;
}

/** Where so many intervals have begun (seen from one side) that have not ended. */
function edgeOf(
  edges: readonly { readonly at: number; readonly type: number }[],
  wanted: number,
  beginning: number,
): { readonly at: number } | undefined {
  let open = 0;
  for (const edge of edges) {
    open += edge.type * beginning;
    if (open >= wanted) return edge;
  }
  return undefined;
}

/** The best first; the one that is furthest from all others goes, as long as that is more than the noise of the best (appendix A.5.5.2). */
function cluster(truechimers: readonly Candidate[]): readonly Candidate[] {
  let survivors = truechimers.toSorted(
    (one, other) =>
      one.stratum * distanceOfStratumMs + one.distanceMs - (other.stratum * distanceOfStratumMs + other.distanceMs) ||
      (one.name < other.name ? -1 : 1),
  );
  while (survivors.length > fewestSurvivors) {
    const spreads = survivors.map((each) => spreadOf(each, survivors));
    const worst = Math.max(...spreads);
    const leastJitter = Math.min(...survivors.map(({ jitterMs }) => jitterMs));
    if (worst < leastJitter || worst === 0) break;
    const at = spreads.lastIndexOf(worst);
    survivors = survivors.filter((_each, n) => n !== at);
  }
  return survivors;
}

function spreadOf({ offsetMs }: Candidate, survivors: readonly Candidate[]): number {
  const squares = survivors.reduce((sum, other) => sum + (other.offsetMs - offsetMs) ** 2, 0);
  return Math.sqrt(squares / Math.max(1, survivors.length - 1));
}

function combine(survivors: readonly Candidate[]): { readonly offsetMs: number; readonly jitterMs: number } {
  const weights = survivors.map(({ distanceMs }) => 1 / Math.max(distanceMs, 1e-6));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const offsetMs = survivors.reduce((sum, each, n) => sum + each.offsetMs * (weights[n] ?? 0), 0) / total;
  const [best] = survivors;
  const squares = survivors.reduce(
    (sum, each, n) => sum + (each.offsetMs - (best?.offsetMs ?? 0)) ** 2 * (weights[n] ?? 0),
    0,
  );
  return { offsetMs, jitterMs: Math.sqrt(squares / total + (best?.jitterMs ?? 0) ** 2) };
}
