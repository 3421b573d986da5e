/**
 * Resource sets, in two steps as the PLC agent asks for them: `acquire` reserves a set and gives its handle, `bind` gives the set to a slice.
 *
 * A client whose call was cut off cannot know whether it was done, and asks again. So a set that nobody binds is given back after a time, and binding
 * twice is as good as once. What is free is computed from the sets and never stored: an aborted call cannot leave the two at odds.
 */
import type { Host, Log } from "../../host/host.ts";
import type { Config } from "./config.ts";
import type { Leniency } from "./leniency.ts";
import type { State } from "./state.ts";

type ResourceSet = State["resources"][number];

/** Each code is one thing that a client does next. */
export const errorCodes = {
  /** The request makes no sense; correct it. */
  badRequest: 1,
  /** Nothing is free; wait. */
  noResources: 2,
  /** There is no such handle, or no longer: acquire again. */
  expiredHandle: 3,
  /** The set belongs to another slice; leave it alone. */
  boundElsewhere: 4,
  /** The slice is not on this node; wait for PLC. */
  noSuchSlice: 5,
  /** The time that was asked for is past, or too far away, as PLC's clock has it. */
  outOfTime: 6,
} as const;

/** A request that is refused, and changes nothing. */
export class ResourceError extends Error {
  override readonly name = "ResourceError";
  readonly code: number;

  constructor(kind: keyof typeof errorCodes, message: string) {
    super(message);
    this.code = errorCodes[kind];
  }
}

export interface Resources extends Disposable {
  /** @returns the handle. @throws {ResourceError} */
  acquire(rspec: Readonly<Record<string, number>>): string;
  /** The handle goes out only now, so long after it was asked for; until then, nobody could bind it. */
  answered(rcap: string, latencyMs: number): void;
  /** @throws {ResourceError} */
  bind(slice: string, rcap: string): void;
  /** Gives back what is bound to slices that are not on the node any more. */
  keepOnly(slices: ReadonlySet<string>): void;
  restore(sets: readonly ResourceSet[]): void;
  sets(): readonly ResourceSet[];
  /** In CPU shares; free and bound and unbound make up the capacity. */
  audit(): { readonly capacity: number; readonly free: number; readonly bound: number; readonly unbound: number };
}

export const cpuShare = "nm_cpu_share";
const standardCpuShare = 32;
const setLimit = 1000;

/** Of a set that nobody has bound. */
interface Collection {
  readonly timer: Disposable;
  readonly due: number;
}

interface ResourcesOptions {
  readonly log: Log;
  readonly leniency: Leniency;
  readonly isKnownSlice: (name: string) => boolean;
  /** Something has changed by itself: what was saved is out of date. */
  readonly onCollected: () => void;
}

export function createResources(
  host: Host,
  config: Pick<Config, "guards" | "capacity" | "unboundMs">,
  options: ResourcesOptions,
): Resources {
  const { guards, capacity, unboundMs } = config;
  const { log, leniency, isKnownSlice, onCollected } = options;
  const sets = new Map<string, ResourceSet>();
  const collections = new Map<string, Collection>();
  const unanswered = new Set<string>();

  const shares = (wanted: (set: ResourceSet) => boolean): number =>
    [...sets.values()].filter(wanted).reduce((sum, set) => sum + cpuShareOf(set.rspec), 0);
  const audit = () => {
    const bound = shares((set) => set.slice !== null);
    const unbound = shares((set) => set.slice === null);
    return { capacity, bound, unbound, free: capacity - bound - unbound };
  };
  const add = (set: ResourceSet): void => {
    sets.set(set.rcap, set);
    // The time counts from now: after a restart an unbound set has all of it once more, which is late but never early.
    if (set.slice === null && guards.has("collect-unbound")) collectIn(set.rcap, unboundMs);
  };
  const collectIn = (rcap: string, milliseconds: number): void => {
    const timer = host.clock.timer(milliseconds, () => collect(rcap));
    collections.set(rcap, { timer, due: host.clock.monotonic() + milliseconds });
  };
  const forget = (rcap: string): void => {
    sets.delete(rcap);
    keep(rcap);
  };
  const keep = (rcap: string): void => {
    collections.get(rcap)?.timer[Symbol.dispose]();
    collections.delete(rcap);
  };
  const collect = (rcap: string): void => {
    // Its client is about to hear of it, and gets as long as it is given then.
    if (unanswered.has(rcap)) return;
    forget(rcap);
    log("resources.collected", audit());
    onCollected();
  };

  return {
    audit,
    sets: () => [...sets.values()],
    restore: (saved) => saved.forEach(add),
    acquire(rspec) {
      const share = cpuShareOf(rspec);
      if (share < 0 || share > capacity)
        throw new ResourceError("badRequest", `${cpuShare} ${share}: write a share from 0 to ${capacity}`);
      if (share > audit().free || sets.size >= setLimit)
        throw new ResourceError("noResources", `${share} CPU shares are wanted, and ${audit().free} are free`);
      const rcap = Buffer.from(host.random.bytes(16)).toString("hex");
      add({ rcap, rspec: { ...rspec }, slice: null });
      unanswered.add(rcap);
      return rcap;
    },
    answered(rcap, latencyMs) {
      unanswered.delete(rcap);
      const collection = collections.get(rcap);
      if (collection === undefined) return;
      const by = leniency(latencyMs, unboundMs);
      if (by > 0) log("resources.extended", { extended_by_ms: by });
      keep(rcap);
      const left = Math.max(0, collection.due - host.clock.monotonic()) + by;
      if (left > 0) collectIn(rcap, left);
      else collect(rcap);
    },
    bind(slice, rcap) {
      const set = sets.get(rcap);
      if (set === undefined)
        throw new ResourceError("expiredHandle", "there is no such resource set, or no longer: acquire one");
      if (set.slice === slice && guards.has("idempotent-bind")) return;
      if (set.slice !== null) throw new ResourceError("boundElsewhere", `the resource set is bound to ${set.slice}`);
      if (!isKnownSlice(slice)) throw new ResourceError("noSuchSlice", `${slice} is not on this node`);
      keep(rcap);
      sets.set(rcap, { ...set, slice });
    },
    keepOnly(slices) {
      for (const set of sets.values()) if (set.slice !== null && !slices.has(set.slice)) forget(set.rcap);
    },
    [Symbol.dispose]() {
      for (const { timer } of collections.values()) timer[Symbol.dispose]();
    },
  };
}

export function cpuShareOf(rspec: Readonly<Record<string, number>>): number {
  return rspec[cpuShare] ?? standardCpuShare;
}
