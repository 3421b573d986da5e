/**
 * The Node Manager's loop: fetch → check → apply → save, for ever, as often as the schedule says.
 *
 *     fetch.begin ─ fetch.end ─┬─ document.applied ─ state.save.begin ─ state.save.end
 *                              ├─ document.refused      (or nothing, if nothing came)
 *                              └─ document.stale        and fetch.begin again
 */
import type { Host, Log } from "../../host/host.ts";
import type { Config } from "./config.ts";
import { isRefusal, type Applier } from "./applier.ts";
import { DocumentError } from "./document.ts";
import { FetchError, type Outcome, type Transfer } from "./fetch.ts";
import type { Identity } from "./identity.ts";
import { createSchedule, type Ended } from "./schedule.ts";
import type { Source } from "./source.ts";

export interface Loop {
  /** Runs until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  ageMs(): number;
  /** How often each outcome was seen, and the last refusal. */
  report(): {
    readonly outcomes: Readonly<Record<string, number>>;
    readonly failures_in_a_row: number;
    readonly next_pause_ms: number;
    readonly over_age: number;
    readonly refused: number;
    readonly last_refusal: string | null;
    /** How long ago. */
    readonly last_applied_ms: number | null;
  };
}

interface LoopOptions {
  readonly log: Log;
  readonly identity: Identity;
  readonly source: Source;
  readonly applier: Applier;
  /** Something is known of what is wanted, by which one can go on for a while. */
  readonly knowsSomething: boolean;
}

export function createLoop(host: Host, config: Config, options: LoopOptions): Loop {
  const { guards } = config;
  const { log, identity, source, applier, knowsSomething } = options;
  const schedule = createSchedule(host.random, config);
  const outcomes = new Map<string, number>();
  let refused = 0;
  let overAge = 0;
  let lastRefusal: string | null = null;
  let lastRound = host.clock.monotonic();

  const fetchOnce = async (nodeId: number, signal: AbortSignal): Promise<Transfer> => {
    const begun = host.clock.monotonic();
    const end = (outcome: Outcome, bytes: number, why?: string): void => {
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      log("fetch.end", {
        outcome,
        bytes,
        seconds: Math.round(host.clock.monotonic() - begun) / 1000,
        ...(why !== undefined && { why }),
      });
    };
    log("fetch.begin", { plc: config.plc.host, path: source.path });
    try {
      const transfer = await source.fetch({ nodeId, place: applier.place() }, signal);
      end(transfer.outcome, transfer.bytes.length);
      return transfer;
    } catch (error) {
      if (error instanceof FetchError) end(error.outcome, error.bytes, error.message);
      throw error;
    }
  };

  /** Its age is how long it was under way and in caches. No clock is asked: neither PLC's nor this node's is always right. */
  const requireFresh = (ageMs: number): void => {
    if (ageMs <= config.documentAgeMs) return;
    throw new OverAgeError(`over age: up to ${ageMs} ms old, and ${config.documentAgeMs} ms is the limit`);
  };
  const checkAge = guards.has("document-age") ? requireFresh : () => undefined;

  /** A document that is not used changes nothing, and is told. */
  const unlessRefused = async (use: () => Promise<void>): Promise<Ended> => {
    try {
      await use();
      return "good";
    } catch (error) {
      if (!isRefusal(error)) throw error;
      refused += 1;
      lastRefusal = error.message;
      log("document.refused", { why: error.message });
      // A transfer that broke off is a failed fetch as well.
      if (error instanceof FetchError) throw error;
      if (!(error instanceof OverAgeError)) return "failed";
      overAge += 1;
      log("document.stale", { why: error.message });
      return "over-age";
    }
  };
  const fetchAndApply = async (signal: AbortSignal): Promise<Ended> => {
    const nodeId = await identity.settle(signal);
    const asked = host.clock.monotonic();
    const transfer = await fetchOnce(nodeId, signal);
    const askedMs = host.clock.monotonic() - asked;
    return unlessRefused(async () => {
      checkAge(Math.round(transfer.keptMs + askedMs));
      await applier.use(transfer, askedMs);
    });
  };
  const fetchAndApplyContained = (signal: AbortSignal): Promise<Ended> =>
    fetchAndApply(signal).catch((error: unknown) => {
      if (!(error instanceof FetchError)) throw error;
      return "failed";
    });
  const round = guards.has("contain-fetch-errors") ? fetchAndApplyContained : fetchAndApply;

  return {
    async run(signal) {
      await unlessRefused(() => applier.useHeld());
      await host.clock.sleep(schedule.firstMs(knowsSomething), { signal });
      while (!signal.aborted) {
        const ended = await round(signal);
        lastRound = host.clock.monotonic();
        await host.clock.sleep(schedule.nextMs(ended), { signal });
      }
    },
    ageMs: () => host.clock.monotonic() - lastRound,
    report: () => ({
      outcomes: Object.fromEntries(outcomes),
      failures_in_a_row: schedule.report().failures,
      next_pause_ms: schedule.report().pauseMs,
      over_age: overAge,
      refused,
      last_refusal: lastRefusal,
      last_applied_ms: applier.lastAppliedMs(),
    }),
  };
}

/** It may be whole and right, but PLC may have changed its mind since. */
class OverAgeError extends DocumentError {}
