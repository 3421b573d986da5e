/**
 * Leases: for a while, one slice at a time has the node's spare share of the CPU.
 *
 *     lease(slice, …) ──► waits for its begin, by PLC's time ──► boosted for its length, by this node's own time ──► over
 *
 * Begins are moments of the calendar, on which PLC and its nodes must agree; a length is only a length. Two leases never overlap: the next one begins when
 * the one before is over, however their times have been corrected since they were asked for.
 */
import type { Host, Log } from "../../host/host.ts";
import type { Config } from "./config.ts";
import type { Leniency } from "./leniency.ts";
import type { PlcTime } from "./plc-time.ts";
import { nameOf, ResourceError } from "./resources.ts";
import type { State } from "./state.ts";

type Lease = State["leases"][number];

export interface LeaseRequest {
  readonly slice: string;
  readonly share: number;
  readonly lengthMs: number;
  /** PLC's time in milliseconds; undefined: now. */
  readonly beginMs: number | undefined;
}

export interface Leases extends Disposable {
  /** @returns its handle. @throws {ResourceError} */
  grant(request: LeaseRequest): string;
  /** The answer goes out only now, so long after the request has come: what has begun lasts longer, if it may. */
  answered(lease: string, latencyMs: number): LeaseAnswer;
  /** As if it had never been granted. */
  revoke(lease: string): void;
  /** To be called now and then: a moment of the calendar may come otherwise than by waiting. */
  look(): void;
  /** Slices that have gone have no leases. */
  keepOnly(slices: ReadonlySet<string>): void;
  /** So much time has passed since they were saved. */
  restore(leases: readonly Lease[], elapsedMs: number): void;
  /** As much more has passed than was thought when they were restored; to be called once. */
  correct(elapsedMs: number): void;
  saved(): readonly Lease[];
  /** What a slice has beyond its own share. */
  shareOf(slice: string): number;
  report(): {
    readonly boosted: readonly string[];
    readonly waiting: number;
    readonly extended: number;
    readonly extended_ms: number;
  };
}

export interface LeaseAnswer {
  readonly lease: string;
  readonly beginMs: number;
  readonly lengthMs: number;
  readonly minimumMs: number;
  readonly extendedByMs: number;
}

/** A time that lies this far back may be one that was still to come when it was written (dslice's timesyncslack). */
const slackMs = 300_000;
const horizonMs = 30 * 86_400_000;
const leaseLimit = 1000;

interface LeasesOptions {
  readonly log: Log;
  readonly leniency: Leniency;
  readonly plcTime: Pick<PlcTime, "now">;
  readonly isKnownSlice: (name: string) => boolean;
  /** Somebody is boosted, or no more, which was not so before. */
  readonly onChanged: (slices: readonly string[]) => void;
}

/** The lease that has begun, and when it is over by this node's time. */
interface Running {
  readonly lease: Lease;
  end: number;
}

/** `host` has the clock that the Node Manager waits by. */
export function createLeases(
  host: Host,
  config: Pick<Config, "guards" | "minLeaseMs">,
  { log, leniency, plcTime, isKnownSlice, onChanged }: LeasesOptions,
): Leases {
  const { guards, minLeaseMs } = config;
  const { clock } = host;
  /** In the order of their begins. */
  let waiting: readonly Lease[] = [];
  let running: Running | undefined;
  let timer: Disposable | undefined;
  let extended = 0;
  let extendedMs = 0;

  const endOf = ({ begin_ms, length_ms }: Lease): number => begin_ms + length_ms;
  const all = (): readonly Lease[] => (running === undefined ? waiting : [saveRunning(running), ...waiting]);
  const saveRunning = ({ lease, end }: Running): Lease => ({ ...lease, left_ms: end - clock.monotonic() });
  const announce = (): void => log("leases", { boosted: boosted() });
  const boosted = (): readonly string[] => (running === undefined ? [] : [running.lease.slice]);

  const begin = (lease: Lease, event: "lease.begin" | "lease.resume"): void => {
    running = { lease, end: clock.monotonic() + (lease.left_ms ?? lease.length_ms) };
    log(event, { lease: nameOf(lease.lease), slice: lease.slice });
  };
  const finish = ({ lease }: Running): void => {
    running = undefined;
    log("lease.end", { lease: nameOf(lease.lease), slice: lease.slice });
  };
  /** Everything that is due, in its order; then waits for what comes next. */
  const turn = (): void => {
    const before = boosted();
    const seen = new Set(before);
    for (;;) {
      const [next, ...others] = waiting;
      if (running !== undefined && clock.monotonic() >= running.end) finish(running);
      else if (running === undefined && next !== undefined && plcTime.now() >= next.begin_ms) {
        waiting = others;
        begin(next, "lease.begin");
        seen.add(next.slice);
      } else break;
    }
    timer?.[Symbol.dispose]();
    timer = arm();
    if (String(boosted()) === String(before) && seen.size === before.length) return;
    announce();
    onChanged([...seen]);
  };
  const arm = (): Disposable | undefined => {
    const [next] = waiting;
    if (running !== undefined) return clock.timer(running.end - clock.monotonic(), turn);
    return next === undefined ? undefined : clock.timer(next.begin_ms - plcTime.now(), turn);
  };

  /** As long as nobody else waits for it. */
  const extend = (slow: Running, latencyMs: number): void => {
    const { lease } = slow;
    const room = (waiting[0]?.begin_ms ?? Infinity) - endOf(lease);
    const by = Math.max(0, Math.min(leniency(latencyMs, lease.length_ms), room));
    if (by === 0) return;
    running = {
      ...slow,
      lease: { ...lease, length_ms: lease.length_ms + by, extended_by_ms: lease.extended_by_ms + by },
      end: slow.end + by,
    };
    extended += 1;
    extendedMs += by;
    log("lease.extended", { lease: nameOf(lease.lease), slice: lease.slice, extended_by_ms: by });
    turn();
  };

  const requireRoom = (wanted: Lease): void => {
    if (all().length >= leaseLimit) throw new ResourceError("noResources", `there are ${leaseLimit} leases already`);
    const other = all().find((lease) => lease.begin_ms < endOf(wanted) && wanted.begin_ms < endOf(lease));
    if (other === undefined) return;
    throw new ResourceError("noResources", `${other.slice} has the lease until ${momentOf(endOf(other))}`);
  };

  return {
    look: turn,
    saved: all,
    shareOf: (slice) => (running?.lease.slice === slice ? running.lease.share : 0),
    grant({ slice, share, lengthMs, beginMs }) {
      if (!isKnownSlice(slice)) throw new ResourceError("noSuchSlice", `${slice} is not on this node`);
      const now = plcTime.now();
      requireTime(beginMs ?? now, now);
      const lease: Lease = {
        lease: Buffer.from(host.random.bytes(16)).toString("hex"),
        slice,
        share,
        begin_ms: Math.round(beginMs ?? now),
        length_ms: guards.has("minimum-lease") ? Math.max(lengthMs, minLeaseMs) : lengthMs,
        left_ms: null,
        extended_by_ms: 0,
      };
      requireRoom(lease);
      waiting = [...waiting, lease].sort((one, other) => one.begin_ms - other.begin_ms);
      log("lease.granted", { lease: nameOf(lease.lease), slice, length_ms: lease.length_ms });
      turn();
      return lease.lease;
    },
    answered(handle, latencyMs) {
      const lease = all().find((each) => each.lease === handle);
      if (lease === undefined) throw new ResourceError("expiredHandle", "the lease is over already: ask for another");
      if (running?.lease.lease === handle) extend(running, latencyMs);
      const answer = all().find((each) => each.lease === handle) ?? lease;
      return {
        lease: handle,
        beginMs: answer.begin_ms,
        lengthMs: answer.length_ms,
        minimumMs: minLeaseMs,
        extendedByMs: answer.extended_by_ms,
      };
    },
    revoke(handle) {
      waiting = waiting.filter(({ lease }) => lease !== handle);
      if (running?.lease.lease === handle) running.end = -Infinity;
      turn();
    },
    keepOnly(slices) {
      waiting = waiting.filter(({ slice }) => slices.has(slice));
      if (running !== undefined && !slices.has(running.lease.slice)) running.end = -Infinity;
      turn();
    },
    restore(leases, elapsedMs) {
      for (const lease of leases) {
        if (lease.left_ms === null) waiting = [...waiting, lease];
        else begin({ ...lease, left_ms: Math.max(0, lease.left_ms - elapsedMs) }, "lease.resume");
      }
      announce();
      turn();
    },
    correct(elapsedMs) {
      if (running === undefined || running.lease.left_ms === null) return;
      running.end -= elapsedMs;
      turn();
    },
    report: () => ({ boosted: boosted(), waiting: waiting.length, extended, extended_ms: extendedMs }),
    [Symbol.dispose]: () => timer?.[Symbol.dispose](),
  };
}

function requireTime(beginMs: number, now: number): void {
  if (beginMs >= now - slackMs && beginMs <= now + horizonMs) return;
  const side = beginMs < now ? "past" : "too far away";
  throw new ResourceError(
    "outOfTime",
    `the lease begins at ${momentOf(beginMs)}, and here it is ${momentOf(now)}: that is ${side}`,
  );
}

/** In PLC's own unit, so that it can be compared with what was asked for. */
function momentOf(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(3)} s since 1970`;
}
