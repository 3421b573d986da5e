/**
 * Resource sets, in two steps as the PLC agent asks for them: `acquire` reserves a set and gives its handle, `bind` gives the set to a slice, in place of the
 * one that it had.
 *
 * A client whose call was cut off cannot know whether it was done, and asks again. So a set that nobody binds is given back after a time, and binding
 * twice is as good as once. What is free is computed from the sets and never stored: an aborted call cannot leave the two at odds.
 */
import type { Host, Log } from "../../host/host.ts";
import type { Config } from "./config.ts";
import type { Leniency } from "./leniency.ts";
import type { State } from "./state.ts";

type Saved = State["resources"][number];
type ResourceSet = Omit<Saved, "left_ms">;

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
  /** There is no resource of this name on the node; leave it out. */
  unknownResource: 7,
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

/** Takes back what was done just now. */
export type Undo = () => void;

export interface Resources extends Disposable {
  /** Returns the handle. @throws {ResourceError} */
  acquire(rspec: Readonly<Record<string, number>>): {
    readonly rcap: string;
    readonly opened: BindWindow;
    readonly undo: Undo;
  };
  /** The handle goes out only now, so long after it was asked for; until then, nobody could bind it. */
  answered(rcap: string, latencyMs: number): BindWindow;
  /** @throws {ResourceError} */
  bind(slice: string, rcap: string): Undo;
  /** Gives a set back; if there is none, that has been done already. */
  release(rcap: string): Undo;
  /** Gives back what is bound to slices that are not on the node any more. */
  keepOnly(slices: ReadonlySet<string>): void;
  /** So much time has passed since they were saved. */
  restore(sets: readonly Saved[], elapsedMs: number): void;
  sets(): readonly Saved[];
  report(): Audit & { readonly extended: number; readonly extended_ms: number };
}

/** How long a set may still be bound from now on (null: for ever), and by how much that is longer for want of speed. */
export interface BindWindow {
  readonly leftMs: number | null;
  readonly extendedByMs: number;
}

/** In CPU shares; free and bound and unbound make up the capacity. */
interface Audit {
  readonly capacity: number;
  readonly free: number;
  readonly bound: number;
  readonly unbound: number;
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
  let given = 0;
  let extended = 0;
  let extendedMs = 0;

  const shares = (wanted: (set: ResourceSet) => boolean): number =>
    [...sets.values()].filter(wanted).reduce((sum, set) => sum + cpuShareOf(set.rspec), 0);
  const audit = (): Audit => {
    const bound = shares((set) => set.slice !== null);
    const unbound = shares((set) => set.slice === null);
    return { capacity, bound, unbound, free: capacity - bound - unbound };
  };
  /** Whose sets they are, a name for each one. */
  const owners = (): readonly string[] => [...sets.values()].flatMap(({ slice }) => slice ?? []).sort();
  const announce = (): void => log("resources", { owners: owners(), ...audit() });

  const put = (set: ResourceSet, leftMs: number): void => {
    sets.set(set.rcap, set);
    if (set.slice === null && guards.has("collect-unbound")) collectIn(set.rcap, leftMs);
  };
  const left = (rcap: string): number | undefined => {
    const collection = collections.get(rcap);
    return collection && Math.max(0, collection.due - host.clock.monotonic());
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
    log("resources.collected", { ...audit() });
    announce();
    onCollected();
  };
  /** What takes it back into the state that it is in now, as far as there is room. */
  const returning = (rcap: string): Undo => {
    const set = sets.get(rcap);
    const leftMs = left(rcap) ?? unboundMs;
    return () => {
      forget(rcap);
      if (set !== undefined && cpuShareOf(set.rspec) <= audit().free) put(set, leftMs);
    };
  };
  const formerOf = (slice: string): ResourceSet | undefined => [...sets.values()].find((set) => set.slice === slice);

  return {
    report: () => ({ ...audit(), extended, extended_ms: extendedMs }),
    sets: () => [...sets.values()].map((set) => ({ ...set, left_ms: left(set.rcap) ?? null })),
    restore(saved, elapsedMs) {
      for (const { left_ms, ...set } of saved) {
        given = Math.max(given, set.number);
        // What it had left when it was saved; else a node that is restarted again and again would keep it for ever.
        let leftMs = unboundMs;
        if (guards.has("remember-unbound")) leftMs = Math.max(0, (left_ms ?? unboundMs) - elapsedMs);
        put(set, leftMs);
      }
      announce();
    },
    acquire(rspec) {
      const share = cpuShareOf(rspec);
      if (share < 0 || share > capacity)
        throw new ResourceError("badRequest", `${cpuShare} ${share}: write a share from 0 to ${capacity}`);
      if (share > audit().free || sets.size >= setLimit)
        throw new ResourceError("noResources", `${share} CPU shares are wanted, and ${audit().free} are free`);
      const rcap = Buffer.from(host.random.bytes(16)).toString("hex");
      given += 1;
      put({ rcap, rspec: { ...rspec }, slice: null, number: given }, unboundMs);
      unanswered.add(rcap);
      log("resources.acquired", { set: nameOf(rcap) });
      announce();
      return {
        rcap,
        opened: { leftMs: left(rcap) ?? null, extendedByMs: 0 },
        undo() {
          unanswered.delete(rcap);
          forget(rcap);
          announce();
        },
      };
    },
    answered(rcap, latencyMs) {
      unanswered.delete(rcap);
      const before = left(rcap);
      if (before === undefined) return { leftMs: null, extendedByMs: 0 };
      const by = leniency(latencyMs, unboundMs);
      if (by > 0) {
        extended += 1;
        extendedMs += by;
        log("resources.extended", { set: nameOf(rcap), extended_by_ms: by });
      }
      keep(rcap);
      if (before + by > 0) collectIn(rcap, before + by);
      else collect(rcap);
      return { leftMs: before + by, extendedByMs: by };
    },
    bind(slice, rcap) {
      const set = sets.get(rcap);
      if (set === undefined)
        throw new ResourceError("expiredHandle", "there is no such resource set, or no longer: acquire one");
      if (set.slice === slice && guards.has("idempotent-bind")) return nothing;
      if (set.slice !== null && guards.has("keep-bound-set"))
        throw new ResourceError("boundElsewhere", `the resource set is bound to ${set.slice}`);
      if (!isKnownSlice(slice)) throw new ResourceError("noSuchSlice", `${slice} is not on this node`);
      let former: ResourceSet | undefined;
      if (guards.has("one-set-per-slice")) former = formerOf(slice);
      if (former !== undefined && former.number > set.number && guards.has("newer-set-wins"))
        throw new ResourceError("expiredHandle", `${slice} has got a newer resource set since: acquire another`);
      const undo = [rcap, ...(former === undefined ? [] : [former.rcap])].map(returning);
      if (former !== undefined) forget(former.rcap);
      keep(rcap);
      sets.set(rcap, { ...set, slice });
      log("resources.bound", { slice, set: nameOf(rcap) });
      announce();
      return () => {
        for (const each of undo) each();
        announce();
      };
    },
    release(rcap) {
      if (!sets.has(rcap)) return nothing;
      const undo = returning(rcap);
      forget(rcap);
      announce();
      return () => {
        undo();
        announce();
      };
    },
    keepOnly(slices) {
      const gone = [...sets.values()].filter((set) => set.slice !== null && !slices.has(set.slice));
      for (const { rcap } of gone) forget(rcap);
      if (gone.length > 0) announce();
    },
    [Symbol.dispose]() {
      for (const { timer } of collections.values()) timer[Symbol.dispose]();
    },
  };
}

const nothing = (): void => undefined;

/** How it is called where others may read: the handle is for those who own it. */
export function nameOf(rcap: string): string {
  return rcap.slice(0, 8);
}

export function cpuShareOf(rspec: Readonly<Record<string, number>>): number {
  return rspec[cpuShare] ?? standardCpuShare;
}
