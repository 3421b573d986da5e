/** Writes the journal of host/disk/journal.ts. */
import { appendFileSync, closeSync, existsSync, openSync, readFileSync, truncateSync, writeSync } from "node:fs";
import { encodeRecord, wholeLength, type Operation } from "../disk/journal.ts";

export type Journal = (operation: Operation, bytes?: Uint8Array) => void;

/** The journal of a process that begins: it goes on after the last whole record of those before it. */
export function openJournal(path: string): Journal & Disposable {
  if (existsSync(path)) truncateSync(path, wholeLength(readFileSync(path)));
  const descriptor = openSync(path, "a");
  const journal: Journal = (operation, bytes) => {
    const record = encodeRecord(trueTime(), operation, bytes);
    for (let written = 0; written < record.length;) written += writeSync(descriptor, record, written);
  };
  journal({ do: "begin" });
  return Object.assign(journal, { [Symbol.dispose]: () => closeSync(descriptor) });
}

/** What the world does behind the program's back, so that the power's failing does not undo it. */
export function noteInJournal(
  path: string,
  operation: Operation & { readonly do: "put" | "delete" | "move" },
  bytes?: Uint8Array,
): void {
  // On a line of its own, for a program that was killed may have left a torn record.
  appendFileSync(path, Buffer.concat([Buffer.from("\n"), encodeRecord(trueTime(), operation, bytes)]));
}

/** Milliseconds since the machine was started: no clock steps it, and all its processes agree on it. */
export function trueTime(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
