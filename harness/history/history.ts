/**
 * The history of one run: stamped, kept in memory for the judge, and written line by line to `history.jsonl`, so that even a harness that was
 * killed leaves what it saw.
 */
import type { Clock, OpenFile } from "../../host/host.ts";
import { WorldError } from "../errors.ts";
import type { Happening, HistoryEvent } from "./event.ts";

/** More than this in one run is a plan that records noise, not a history. */
const maximumEvents = 500_000;

export interface History extends AsyncDisposable {
  readonly events: readonly HistoryEvent[];
  /** Milliseconds since the run began. */
  now(): number;
  /** Does nothing when full. After `run.end` only trouble counts: that services are stopped then is no news. */
  record(happening: Happening): void;
  /** Every event, in the order of its recording, from now on. */
  subscribe(listener: (event: HistoryEvent) => void): Disposable;
  readonly full: boolean;
  /** Resolves when all is written. @throws {WorldError} if it can't be. */
  flush(): Promise<void>;
}

export function createHistory({ clock, file }: { readonly clock: Clock; readonly file: OpenFile }): History {
  const began = clock.monotonic();
  const events: HistoryEvent[] = [];
  const listeners = new Set<(event: HistoryEvent) => void>();
  let ended = false;
  let unwritten: string[] = [];
  let writing: Promise<void> | undefined;
  let failure: unknown;

  // Tenths of a millisecond: finer figures would only promise what a real machine can't keep.
  const now = (): number => Math.round((clock.monotonic() - began) * 10) / 10;

  const write = async (): Promise<void> => {
    while (unwritten.length > 0) {
      const lines = unwritten;
      unwritten = [];
      await file.write(lines.join(""));
    }
    writing = undefined;
  };
  const startWriting = (): void => {
    writing ??= write().catch((error: unknown) => {
      failure = error;
    });
  };

  const flush = async (): Promise<void> => {
    await writing;
    if (failure !== undefined)
      throw new WorldError("the history could not be written: is the disk full?", { cause: failure });
  };

  return {
    events,
    now,
    record(happening) {
      if (events.length >= maximumEvents || (ended && happening.event !== "run.trouble")) return;
      ended ||= happening.event === "run.end";
      const event: HistoryEvent = { at: now(), ...happening };
      events.push(event);
      unwritten.push(`${JSON.stringify(event)}\n`);
      startWriting();
      for (const listener of listeners) listener(event);
    },
    subscribe(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
    get full() {
      return events.length >= maximumEvents;
    },
    flush,
    async [Symbol.asyncDispose]() {
      await writing;
      await file[Symbol.asyncDispose]();
    },
  };
}
