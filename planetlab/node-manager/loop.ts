/**
 * The Node Manager's loop: fetch → check → apply → save, at every poll, for ever.
 *
 *     fetch.begin ─ fetch.end ─┬─ document.applied ─ state.save.begin ─ state.save.end
 *                              └─ document.refused      (or nothing, if nothing came)
 */
import type { Host, Log } from "../../host/host.ts";
import type { Config } from "./config.ts";
import { isRefusal, type Applier } from "./applier.ts";
import { createDirectory } from "./directory.ts";
import { FetchError, fetchDocument, type Outcome, type Transfer } from "./fetch.ts";

export interface Loop {
  /** Runs until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  ageMs(): number;
  /** How often each outcome was seen, and the last refusal. */
  report(): {
    readonly outcomes: Readonly<Record<string, number>>;
    readonly refused: number;
    readonly lastRefusal: string | null;
    readonly lastAppliedMs: number | null;
  };
}

interface LoopOptions {
  readonly log: Log;
  readonly applier: Applier;
}

export function createLoop(host: Host, config: Config, { log, applier }: LoopOptions): Loop {
  const { guards } = config;
  const directory = createDirectory(host, { guards, log });
  const outcomes = new Map<string, number>();
  let refused = 0;
  let lastRefusal: string | null = null;
  let lastRound = host.clock.monotonic();

  const fetchOnce = async (signal: AbortSignal): Promise<Transfer> => {
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
    log("fetch.begin", { plc: config.plc.host, path: config.path });
    try {
      const transfer = await fetchDocument(host, config, directory, { place: applier.place(), signal });
      end(transfer.outcome, transfer.bytes.length);
      return transfer;
    } catch (error) {
      if (error instanceof FetchError) end(error.outcome, error.bytes, error.message);
      throw error;
    }
  };

  /** A document that is not used changes nothing, and is told. */
  const unlessRefused = async (use: () => Promise<void>): Promise<void> => {
    try {
      await use();
    } catch (error) {
      if (!isRefusal(error)) throw error;
      refused += 1;
      lastRefusal = error.message;
      log("document.refused", { why: error.message });
      // A transfer that broke off is a failed fetch as well.
      if (error instanceof FetchError) throw error;
    }
  };
  const fetchAndApply = async (signal: AbortSignal): Promise<void> => {
    const asked = host.clock.monotonic();
    const transfer = await fetchOnce(signal);
    const askedMs = host.clock.monotonic() - asked;
    await unlessRefused(() => applier.use(transfer, askedMs));
  };
  const fetchAndApplyContained = async (signal: AbortSignal): Promise<void> => {
    await fetchAndApply(signal).catch((error: unknown) => {
      if (!(error instanceof FetchError)) throw error;
    });
  };
  const round = guards.has("contain-fetch-errors") ? fetchAndApplyContained : fetchAndApply;

  return {
    async run(signal) {
      await unlessRefused(() => applier.useHeld());
      while (!signal.aborted) {
        await round(signal);
        lastRound = host.clock.monotonic();
        await host.clock.sleep(config.pollMs, { signal });
      }
    },
    ageMs: () => host.clock.monotonic() - lastRound,
    report: () => ({
      outcomes: Object.fromEntries(outcomes),
      refused,
      lastRefusal,
      lastAppliedMs: applier.lastAppliedMs(),
    }),
  };
}
