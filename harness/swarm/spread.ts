/**
 * The book of jobs that are spread over nodes: which one is where, what has to be started again, and when to give up. Pure: it is told what happened, and
 * says what to do.
 *
 *     add ──► waiting ──place──► under way ──► finished
 *                ▲                   │ lost: the node is gone, the task died, its output did not arrive whole
 *                └──── elsewhere ────┘ and after so many times: given up
 */
export interface NodeView {
  readonly id: string;
  /** For people. */
  readonly name: string;
  readonly ready: boolean;
  readonly cpus: number;
  /** Jobs at a time; none if it takes no new ones. */
  readonly places: number;
}

/** One try of a job. */
export interface Placement<Job> {
  readonly job: Job;
  readonly node: NodeView;
}

export interface NodeState extends NodeView {
  readonly running: number;
  readonly finished: number;
  readonly lost: number;
  /** Why it gets no jobs at all. */
  readonly unfit: string | undefined;
}

export interface Spread<Job> {
  /** Behind all that wait. */
  add(job: Job): void;
  /** Nobody needs it any more. */
  drop(job: Job): void;
  /** The nodes as they are now. Answers what was under way on those that are gone: it is to be reported as lost. */
  see(nodes: readonly NodeView[]): readonly Placement<Job>[];
  /** The next one to start, and where; undefined if nothing waits, or every place that would do is taken. */
  place(): Placement<Job> | undefined;
  finish(placement: Placement<Job>): void;
  /** Answers why each of its tries was lost if this was the last one; undefined if there will be another. */
  lose(placement: Placement<Job>, reason: string): readonly string[] | undefined;
  /** This node can't do any of them, which is no fault of the job. */
  exclude(placement: Placement<Job>, reason: string): void;
  /** No node is left that could do what waits, now or later: why. */
  stranded(): readonly string[] | undefined;
  /** In the order in which they were first seen. */
  nodes(): readonly NodeState[];
  readonly waiting: number;
}

interface Held<Job> {
  readonly job: Job;
  readonly losses: { readonly node: string; readonly reason: string }[];
}

interface Known {
  view: NodeView;
  running: number;
  finished: number;
  lost: number;
  unfit: string | undefined;
}

export function createSpread<Job>({ tries }: { readonly tries: number }): Spread<Job> {
  const nodes = new Map<string, Known>();
  const underWay = new Map<Placement<Job>, Held<Job>>();
  let waiting: Held<Job>[] = [];

  const usable = (): readonly Known[] =>
    [...nodes.values()].filter(({ view, unfit }) => view.ready && view.places > 0 && unfit === undefined);
  /** It leaves its place, whatever came of it; undefined if it had left before. */
  const leave = (placement: Placement<Job>): { readonly held: Held<Job>; readonly node: Known } | undefined => {
    const held = underWay.get(placement);
    const node = nodes.get(placement.node.id);
    if (held === undefined || node === undefined) return undefined;
    underWay.delete(placement);
    node.running -= 1;
    return { held, node };
  };
  /** The one with most room, and not one that lost this job before, unless there is no other. */
  const bestFor = ({ losses }: Held<Job>): Known | undefined => {
    const all = usable();
    const others = all.filter(({ view }) => !losses.some(({ node }) => node === view.id));
    const room = ({ view, running }: Known): number => view.places - running;
    return (others.length > 0 ? others : all)
      .filter((node) => room(node) > 0)
      .toSorted((one, other) => room(other) - room(one))[0];
  };

  return {
    add: (job) => void waiting.push({ job, losses: [] }),
    drop(job) {
      waiting = waiting.filter((held) => held.job !== job);
      for (const placement of [...underWay.keys()].filter((each) => each.job === job)) leave(placement);
    },
    see(views) {
      for (const known of nodes.values()) known.view = { ...known.view, ready: false };
      for (const view of views) {
        const known = nodes.get(view.id);
        if (known === undefined) nodes.set(view.id, { view, running: 0, finished: 0, lost: 0, unfit: undefined });
        else known.view = view;
      }
      return [...underWay.keys()].filter(({ node }) => nodes.get(node.id)?.view.ready !== true);
    },
    place() {
      for (const held of waiting) {
        const node = bestFor(held);
        if (node === undefined) continue;
        waiting = waiting.filter((each) => each !== held);
        node.running += 1;
        const placement = { job: held.job, node: node.view };
        underWay.set(placement, held);
        return placement;
      }
      return undefined;
    },
    finish(placement) {
      const left = leave(placement);
      if (left !== undefined) left.node.finished += 1;
    },
    lose(placement, reason) {
      const left = leave(placement);
      if (left === undefined) return undefined;
      const { held, node } = left;
      node.lost += 1;
      held.losses.push({ node: node.view.id, reason: `${node.view.name}: ${reason}` });
      if (held.losses.length >= tries) return held.losses.map((loss) => loss.reason);
      // Whoever waits for it has waited longest.
      waiting.unshift(held);
      return undefined;
    },
    exclude(placement, reason) {
      const left = leave(placement);
      if (left === undefined) return;
      left.node.unfit = reason;
      waiting.unshift(left.held);
    },
    stranded() {
      if (waiting.length === 0 || underWay.size > 0 || usable().length > 0) return undefined;
      return [...nodes.values()].map(
        ({ view, unfit }) => `${view.name}: ${unfit ?? (view.ready ? "it takes no jobs" : "it is not ready")}`,
      );
    },
    nodes: () => [...nodes.values()].map(({ view, ...counts }) => ({ ...view, ...counts })),
    get waiting() {
      return waiting.length;
    },
  };
}
