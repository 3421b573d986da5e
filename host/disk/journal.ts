/**
 * What a program has done to its disk, for a world that lets its power fail: an append-only file outside of the service's directory.
 *
 *     {"at":12.5,"do":"write","file":3,"length":5}⏎hello⏎      one record an operation, in the order in which they ended
 *
 * A program's host writes each record right after the operation has succeeded. One that was killed may have left a torn record, which does not
 * count: what nobody was told of may as well not have happened.
 */
import { codeOf } from "../error-code.ts";
import { z } from "zod";
import { createDisk, type Disk, type Handle } from "./disk.ts";

const operationSchema = z.discriminatedUnion("do", [
  /** A process begins; what was open is closed. */
  z.strictObject({ do: z.literal("begin") }),
  z.strictObject({
    do: z.literal("open"),
    file: z.number(),
    path: z.string(),
    mode: z.enum(["write", "append", "create-new"]),
  }),
  z.strictObject({ do: z.literal("write"), file: z.number() }),
  z.strictObject({ do: z.literal("sync"), file: z.number() }),
  z.strictObject({ do: z.literal("close"), file: z.number() }),
  z.strictObject({ do: z.literal("rename"), from: z.string(), to: z.string() }),
  z.strictObject({ do: z.literal("remove"), path: z.string() }),
  z.strictObject({ do: z.literal("make-directory"), path: z.string() }),
  z.strictObject({ do: z.literal("sync-directory"), path: z.string() }),
  /** By the world, behind the program's back; durable at once. */
  z.strictObject({ do: z.literal("put"), path: z.string() }),
  z.strictObject({ do: z.literal("delete"), path: z.string() }),
  z.strictObject({ do: z.literal("move"), from: z.string(), to: z.string() }),
  /** What a file was before, from an earlier journal. */
  z.strictObject({ do: z.literal("set-previous"), path: z.string() }),
]);
export type Operation = z.output<typeof operationSchema>;

/** `at`: milliseconds on a clock that does not step. `length`: of the bytes that follow its line. */
const headerSchema = z.looseObject({ at: z.number(), length: z.number() });

const newline = 10;
const nothing = new Uint8Array();

export function encodeRecord(at: number, operation: Operation, bytes: Uint8Array = nothing): Uint8Array {
  const header = JSON.stringify({ at, ...operation, length: bytes.length });
  return Buffer.concat([Buffer.from(`${header}\n`), bytes, Buffer.from("\n")]);
}

interface JournalRecord {
  readonly at: number;
  readonly operation: Operation;
  readonly bytes: Uint8Array;
  /** Where the next one begins. */
  readonly end: number;
}

/** Those that are whole: what is left of a torn one is passed over, up to the next that begins on a line of its own. */
function* recordsIn(journal: Uint8Array): Generator<JournalRecord> {
  for (let start = 0; start < journal.length;) {
    const record = recordAt(journal, start);
    if (record !== undefined) yield record;
    const next = Buffer.from(journal.buffer, journal.byteOffset, journal.length).indexOf("\n{", start);
    start = record?.end ?? (next < 0 ? journal.length : next + 1);
  }
}

function recordAt(journal: Uint8Array, start: number): JournalRecord | undefined {
  const lineEnd = journal.indexOf(newline, start);
  const header = headerSchema.safeParse(jsonOf(journal.subarray(start, Math.max(start, lineEnd)))).data;
  if (header === undefined) return undefined;
  const { at, length, ...rest } = header;
  const end = lineEnd + 1 + length;
  const operation = operationSchema.safeParse(rest).data;
  if (operation === undefined || journal[end] !== newline) return undefined;
  return { at, operation, bytes: journal.subarray(lineEnd + 1, end), end: end + 1 };
}

/** How long the journal is without a torn last record. */
export function wholeLength(journal: Uint8Array): number {
  let length = 0;
  for (const { end } of recordsIn(journal)) length = end;
  return length;
}

export interface ReplayOptions {
  readonly journal: Uint8Array;
  /** The files of the directory as it was when the journal began; a path that ends in `/` is a directory without files. */
  readonly initial: ReadonlyMap<string, Uint8Array>;
  /** When the power fails; by default with the last record. */
  readonly until?: number | undefined;
}

/** The disk as the program has left it. */
export function replay({ journal, initial, until }: ReplayOptions): Disk {
  // What was there before is older than any limit.
  let now = 0;
  const disk = createDisk({ now: () => now });
  for (const [path, bytes] of initial) {
    if (path.endsWith("/")) disk.makeDirectory(path);
    else disk.put(path, bytes);
  }
  const handles = new Map<number, Handle>();
  for (const { at, operation, bytes } of recordsIn(journal)) {
    now = Math.max(now, at);
    try {
      apply(disk, handles, operation, bytes);
    } catch (error) {
      // A program that was killed may have done one thing more than its journal knows of, so that the next one finds another disk.
      if (codeOf(error) === undefined) throw error;
    }
  }
  now = Math.max(now, until ?? now);
  return disk;
}

function apply(disk: Disk, handles: Map<number, Handle>, operation: Operation, bytes: Uint8Array): void {
  switch (operation.do) {
    case "begin":
      return handles.clear();
    case "open":
      return void handles.set(operation.file, disk.open(operation.path, operation.mode));
    case "write":
      return handles.get(operation.file)?.write(bytes);
    case "sync":
      return handles.get(operation.file)?.sync();
    case "close":
      return void handles.delete(operation.file);
    case "rename":
      return disk.rename(operation.from, operation.to);
    case "remove":
      return disk.remove(operation.path);
    case "make-directory":
      return disk.makeDirectory(operation.path);
    case "sync-directory":
      return disk.syncDirectory(operation.path);
    case "put":
      return disk.put(operation.path, bytes);
    case "delete":
      return void disk.delete(operation.path);
    case "move":
      return void disk.move(operation.from, operation.to);
    case "set-previous":
      return disk.setPrevious(operation.path, bytes);
  }
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
