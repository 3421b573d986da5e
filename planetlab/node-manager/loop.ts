/**
 * The Node Manager's loop: fetch → check → apply → save, at every poll, for ever.
 *
 *     fetch.begin ─ fetch.end ─┬─ document.applied ─ state.save.begin ─ state.save.end
 *                              └─ document.refused      (or nothing, if nothing came)
 */
import type { Host, Log } from "../../host/host.ts";
import type { Config } from "./config.ts";
import { checkDocument, DocumentError, readDocument, slicesOfNode, type BadSlice, type Place } from "./document.ts";
import { createDirectory } from "./directory.ts";
import { factsOf } from "./dump-document.ts";
import type { Dump } from "./dump.ts";
import { FetchError, fetchDocument, type Outcome, type Transfer } from "./fetch.ts";
import { SliceError, type Slice } from "./slice.ts";
import type { Slivers } from "./slivers.ts";

/** What is wanted of the node, as of the last good document. */
export interface Knowledge {
  applied: number;
  place: Place | undefined;
  slices: readonly Slice[];
}

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
  readonly dump: Dump;
  readonly knowledge: Knowledge;
  readonly slivers: Slivers;
  /** The time of it is over: it is not wanted any more, whatever documents say. */
  readonly isOver: (slice: Slice) => boolean;
  /** A document that is to be believed has this time on it, and was asked for so long ago. */
  readonly onTimestamp: (timestampMs: number, askedMs: number) => void;
  /** What is wanted has changed. */
  readonly onApplied: () => Promise<void>;
}

/** With slivers, as long as they do what the last document wanted. */
const patienceMs = 1000;

export function createLoop(host: Host, config: Config, options: LoopOptions): Loop {
  const { log, dump, knowledge, slivers, isOver, onTimestamp, onApplied } = options;
  const { guards } = config;
  const directory = createDirectory(host, { guards, log });
  const outcomes = new Map<string, number>();
  let refused = 0;
  let lastRefusal: string | null = null;
  let lastRound = host.clock.monotonic();
  let lastApplied: number | null = null;

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
      const transfer = await fetchDocument(host, config, directory, signal);
      end(transfer.outcome, transfer.bytes.length);
      return transfer;
    } catch (error) {
      if (error instanceof FetchError) end(error.outcome, error.bytes, error.message);
      throw error;
    }
  };

  const applyTransfer = async (transfer: Transfer, askedMs: number): Promise<void> => {
    const document = readDocument(transfer);
    dump.line("document", "read", factsOf(document));
    checkDocument(document, { guards, nodeId: config.nodeId, last: knowledge.place });
    if (document.timestamp !== undefined) onTimestamp(document.timestamp * 1000, askedMs);
    const { good, bad } = slicesOfNode(document, config.nodeId, guards);
    for (const { name, why } of bad) {
      log("slice.frozen", { name, why });
      dump.line("document", "bad-slice", { name, why });
    }
    const slices = [...good, ...frozenSlices(bad, knowledge.slices)].filter((slice) => !isOver(slice));
    await apply(slices, bad);
    knowledge.applied += 1;
    knowledge.slices = slices;
    if (document.epoch !== undefined && document.serial !== undefined)
      knowledge.place = { epoch: document.epoch, serial: document.serial };
    lastApplied = host.clock.monotonic();
    log("document.applied", {
      slices: good.length,
      frozen: bad.length,
      format: document.format,
      epoch: document.epoch,
      serial: document.serial,
    });
    await onApplied();
  };

  const attemptApart = async (name: string, action: () => Promise<void>): Promise<void> => {
    await action().catch((error: unknown) => log("sliver.failed", { name, why: String(error) }));
  };
  const attempt = guards.has("sliver-errors-apart")
    ? attemptApart
    : (_name: string, action: () => Promise<void>): Promise<void> => action();
  /** A sliver that can't be made or removed is that slice's trouble alone; the next document tries again. */
  const apply = async (slices: readonly Slice[], bad: readonly BadSlice[]): Promise<void> => {
    const wanted = new Set([...slices, ...bad].map(({ name }) => name));
    const unwanted = slivers.names().filter((name) => !wanted.has(name));
    slivers.finishTeardowns();
    const work = Promise.all([
      ...unwanted.map((name) => attempt(name, () => slivers.destroy(name))),
      ...slices.map((slice) => attempt(slice.name, () => slivers.ensure(slice))),
    ]);
    log("slivers.work", slivers.work());
    await patiently(work);
  };
  /** What takes longer goes on while the loop goes round. */
  const patiently = async (work: Promise<unknown>): Promise<void> => {
    const enough = Promise.withResolvers<void>();
    using timer = guards.has("making-aside") ? host.clock.timer(patienceMs, enough.resolve) : undefined;
    void timer;
    await Promise.race([work, enough.promise]);
  };

  const fetchAndApply = async (signal: AbortSignal): Promise<void> => {
    const asked = host.clock.monotonic();
    const transfer = await fetchOnce(signal);
    const askedMs = host.clock.monotonic() - asked;
    try {
      await applyTransfer(transfer, askedMs);
    } catch (error) {
      const isRefusal = error instanceof DocumentError || error instanceof SliceError || error instanceof FetchError;
      if (!isRefusal) throw error;
      refused += 1;
      lastRefusal = error.message;
      log("document.refused", { why: error.message });
      dump.malformed("document", error.message, transfer.bytes);
      // A transfer that broke off is a failed fetch as well.
      if (error instanceof FetchError) throw error;
    }
  };
  const fetchAndApplyContained = async (signal: AbortSignal): Promise<void> => {
    await fetchAndApply(signal).catch((error: unknown) => {
      if (!(error instanceof FetchError)) throw error;
    });
  };
  const round = guards.has("contain-fetch-errors") ? fetchAndApplyContained : fetchAndApply;

  return {
    async run(signal) {
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
      lastAppliedMs: lastApplied === null ? null : Math.round(host.clock.monotonic() - lastApplied),
    }),
  };
}

/** A slice whose new description is malformed stays as it was, if it was there: what is malformed may be its name or its number, but hardly both. */
function frozenSlices(bad: readonly BadSlice[], known: readonly Slice[]): readonly Slice[] {
  return known.filter(({ id, name }) => bad.some((slice) => slice.name === name || slice.id === id));
}
