/**
 * The state file as text: JSON whose last two members are for this file alone.
 *
 *     {"version":1, …, "slices":[
 *     …
 *     ],"generation":7,"sha256":"…"}
 *
 * The digest is that of all bytes before it. It is written piece by piece: a node's keys may be megabytes, and are never one string.
 */
import { createHash } from "node:crypto";
import { z } from "zod";

/** `list` is the member that is long; it comes last. */
export function* encodeState<List extends string>(
  state: Readonly<Record<List, readonly unknown[]>>,
  list: List,
  generation: number,
): Generator<Uint8Array> {
  const hash = createHash("sha256");
  for (const text of pieces(state, list, generation)) {
    const bytes = Buffer.from(text);
    hash.update(bytes);
    yield bytes;
  }
  yield Buffer.from(tailOf(hash.digest("hex")));
}

function* pieces<List extends string>(
  state: Readonly<Record<List, readonly unknown[]>>,
  list: List,
  generation: number,
): Generator<string> {
  const { [list]: items, ...small } = state;
  yield `${JSON.stringify(small).slice(0, -1)},${JSON.stringify(list)}:[\n`;
  for (const [index, item] of items.entries()) yield `${index === 0 ? "" : ",\n"}${JSON.stringify(item)}`;
  yield `\n],"generation":${generation}`;
}

const ownSchema = z.looseObject({ generation: z.int().nonnegative().default(0), sha256: z.string().optional() });

export interface StateText {
  /** All members but those of the file's own. */
  readonly members: Readonly<Record<string, unknown>>;
  readonly generation: number;
  /** It is what was once written, or from the days before there were digests. */
  readonly isIntact: boolean;
}

/** @throws {Error} if it is no such text. */
export function decodeState(bytes: Uint8Array): StateText {
  const { generation, sha256, ...members } = ownSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  const isIntact = sha256 === undefined || sha256 === digestOf(bytes.subarray(0, -tailOf("0".repeat(64)).length));
  return { members, generation, isIntact };
}

const digestOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const tailOf = (digest: string): string => `,"sha256":"${digest}"}\n`;
