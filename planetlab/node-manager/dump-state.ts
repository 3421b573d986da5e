/**
 * `dump_state`: what is really on the node, for whoever compares it with what PLC wants. Slivers are told from the disk, and not from what the Node Manager
 * believes of them. Keys are told by their digests: who has the same key can tell that it is there, and nobody else learns it.
 */
import type { Files } from "../../host/host.ts";
import { digestOfKey } from "../key-digest.ts";
import type { XmlRpcValue } from "../xml-rpc.ts";
import type { Applied } from "./applier.ts";
import { sliversHome } from "./slivers.ts";

interface Known {
  /** Undefined: nobody knows. */
  readonly nodeId: number | undefined;
  readonly applied: Applied;
}

export async function dumpState(files: Files, { nodeId, applied }: Known): Promise<{ [member: string]: XmlRpcValue }> {
  const names = await files.list(sliversHome).catch(() => []);
  const slivers: XmlRpcValue[] = [];
  for (const name of names.filter(isWhole)) slivers.push({ name, keys: await keysOf(files, name) });
  const { place, ageMs } = applied;
  return {
    node_id: nodeId ?? null,
    place: place === undefined ? null : { ...place },
    document_age_ms: ageMs ?? null,
    slivers,
  };
}

/** Not half made, and not half removed. */
function isWhole(name: string): boolean {
  return !/\.(?:making|removing)$/.test(name);
}

async function keysOf(files: Files, name: string): Promise<readonly string[]> {
  const bytes = await files.read(`${sliversHome}/${name}/authorized_keys`).catch(() => new Uint8Array());
  const lines = new TextDecoder().decode(bytes).split("\n");
  return lines.filter((line) => line !== "").map(digestOfKey);
}
