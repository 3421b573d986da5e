/**
 * What a file system consists of, each part in two views: what a running system sees, and what is on the platter.
 *
 *     file        durable ──► its own unsynced operations, in order ──► content
 *     directory   durable ──► the disk's unsynced operations on it, in order (entries.ts) ──► entries
 */

export interface FileNode {
  readonly kind: "file";
  /** Bytes that are in a content never change, so that the views of one file can share a buffer. */
  content: Uint8Array;
  durable: Uint8Array;
  readonly unsynced: DataOperation[];
}

export interface DataOperation {
  readonly at: number;
  /** Undefined: the file was truncated to nothing. */
  readonly write: { readonly position: number; readonly bytes: Uint8Array } | undefined;
  /** The content once it is done. */
  readonly after: Uint8Array;
}

export interface DirectoryNode {
  readonly kind: "directory";
  /** The path under which it was made. */
  readonly born: string;
  readonly entries: Map<string, Node>;
  readonly durable: Map<string, Node>;
  /** What its files were before they were last replaced or rewritten. */
  readonly previous: Map<string, Uint8Array>;
}

export type Node = FileNode | DirectoryNode;

const nothing = new Uint8Array();

export function createFileNode(content: Uint8Array = nothing): FileNode {
  return { kind: "file", content, durable: content, unsynced: [] };
}

export function createDirectoryNode(born: string): DirectoryNode {
  return { kind: "directory", born, entries: new Map(), durable: new Map(), previous: new Map() };
}

export function writeTo(file: FileNode, position: number, bytes: Uint8Array, at: number): void {
  const after = overlaid(file.content, position, bytes);
  operate(file, { at, write: { position, bytes: after.subarray(position, position + bytes.length) }, after });
}

export function truncate(file: FileNode, at: number): void {
  operate(file, { at, write: undefined, after: nothing });
}

function operate(file: FileNode, operation: DataOperation): void {
  file.content = operation.after;
  file.unsynced.push(operation);
}

/** Makes durable what was done until a moment; by default all. */
export function settleData(file: FileNode, moment = Infinity): void {
  const young = file.unsynced.findIndex(({ at }) => at > moment);
  const settled = file.unsynced.splice(0, young < 0 ? file.unsynced.length : young);
  file.durable = settled.at(-1)?.after ?? file.durable;
}

/** The content with bytes over it; a gap is zeros. What only grows keeps its buffer, so that a log costs no copy a line. */
export function overlaid(content: Uint8Array, position: number, bytes: Uint8Array): Uint8Array {
  const length = Math.max(content.length, position + bytes.length);
  const grows = position >= content.length;
  const fits = content.byteOffset + length <= content.buffer.byteLength;
  const result = grows && fits && content !== nothing ? reach(content, length) : copyOf(content, length, grows);
  result.set(bytes, position);
  return result;
}

function reach(content: Uint8Array, length: number): Uint8Array {
  return new Uint8Array(content.buffer, content.byteOffset, length);
}

function copyOf(content: Uint8Array, length: number, grows: boolean): Uint8Array {
  const copy = new Uint8Array(grows && content.length > 0 ? length * 2 : length).subarray(0, length);
  copy.set(content);
  return copy;
}
