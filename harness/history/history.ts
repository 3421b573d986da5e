/**
 * The history of one run: stamped, kept in memory for the judge, and written line by line to `history.jsonl`, so that even a harness that was
 * killed leaves what it saw.
 */
import type { Clock, OpenFile } from "../../host/host.ts";
import { WorldError } from "../errors.ts";
import type { Happening, HistoryEvent, RecordEvent } from "./event.ts";

/** What services and probes may have to say in one run; the run's own events always find room. */
const maximumSayings = 2_000_000;
/** A line is about 200 bytes: a string of all of them could be too long. */
const linesAtOnce = 10_000;
const maximumBytes = 512 * 1024 * 1024;

export interface History extends AsyncDisposable {
  readonly events: readonly HistoryEvent[];
  /** Milliseconds since the run began. */
  now(): number;
  /**
   * What is told of late keeps its time, unless something later is there already: events stay in the order of their times. When services and probes have said too much, that is trouble, and the rest of it is left out. After `run.end` only trouble counts: that services are stopped then is no news. */
  record: RecordEvent;
  /** Every event, in the order of its recording, from now on. */
  subscribe(listener: (event: HistoryEvent) => void): Disposable;
  /** Resolves when all is written. @throws {WorldError} if it can't be. */
  flush(): Promise<void>;
}

export interface HistoryOptions {
  readonly clock: Clock;
  /** Without it, the history is in memory only. */
  readonly file?: OpenFile;
  /** Written as it happens, and not only when it is flushed: in virtual time nothing may wait for a real disk. */
  readonly atOnce?: boolean;
}

export function createHistory({ clock, file, atOnce = true }: HistoryOptions): History {
  const began = clock.monotonic();
  const events: HistoryEvent[] = [];
  const listeners = new Set<(event: HistoryEvent) => void>();
  let ended = false;
  let sayings = 0;
  let bytes = 0;
  let full = false;
  let unwritten: string[] = [];
  let writing: Promise<void> | undefined;
  let failure: unknown;

  // Tenths of a millisecond: finer figures would only promise what a real machine can't keep.
  const sinceBeginning = (time: number): number => Math.round((time - began) * 10) / 10;
  const now = (): number => sinceBeginning(clock.monotonic());

  const write = async (): Promise<void> => {
    while (unwritten.length > 0) {
      const lines = unwritten;
      unwritten = [];
      for (let first = 0; first < lines.length; first += linesAtOnce)
        await file?.write(lines.slice(first, first + linesAtOnce).join(""));
    }
    writing = undefined;
  };
  const startWriting = (): void => {
    writing ??= write().catch((error: unknown) => {
      failure = error;
    });
  };

  const flush = async (): Promise<void> => {
    startWriting();
    await writing;
    if (failure !== undefined)
      throw new WorldError("the history could not be written: is the disk full?", { cause: failure });
  };

  const add = (happening: Happening, was: number = Infinity): void => {
    const at = Math.max(events.at(-1)?.at ?? 0, Math.min(now(), sinceBeginning(was)));
    const event: HistoryEvent = { at, ...happening };
    const line = `${JSON.stringify(event)}\n`;
    bytes += line.length;
    events.push(event);
    if (file !== undefined) unwritten.push(line);
    if (atOnce) startWriting();
    for (const listener of listeners) listener(event);
  };

  return {
    events,
    now,
    record(happening, at) {
      if (ended && happening.event !== "run.trouble") return;
      ended ||= happening.event === "run.end";
      if (isSaying(happening)) {
        if (full) return;
        sayings += 1;
        full = sayings > maximumSayings || bytes > maximumBytes;
        if (full) {
          add({
            event: "run.trouble",
            reason: "the history is full: the services and probes of this plan say too much",
          });
          return;
        }
      }
      add(happening, at);
    },
    subscribe(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
    flush,
    async [Symbol.asyncDispose]() {
      await writing;
      await file?.[Symbol.asyncDispose]();
    },
  };
}

function isSaying({ event }: Happening): boolean {
  return event === "service.log" || event === "probe";
}
