/** A slices document in a line: what it says of itself, and how much is in it. */
import type { Document } from "./document.ts";
import type { Facts } from "./dump.ts";

export function factsOf(document: Document): Facts {
  const { root, format, epoch, serial, timestamp, node, end, slices, deleted, keys, transfer, text } = document;
  return {
    root,
    format,
    epoch,
    serial,
    timestamp,
    node,
    slices: slices.length,
    counted: end?.count,
    deleted: deleted.length > 0 ? deleted.length : undefined,
    keys: keys.size,
    bytes: text.length,
    transfer,
  };
}
