import { createHash } from "node:crypto";

/** Of a document or a conf file: as PLC states it, and a node checks it. */
export function digestOf(content: Uint8Array | string): string {
  return `sha-256=${createHash("sha256").update(content).digest("hex")}`;
}
