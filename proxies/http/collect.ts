/** Bodies as a whole: kept back until they are, or copied while they pass. */

/** Kept back until it is whole, or so long that it won't be kept. */
export interface Collected {
  readonly whole: boolean;
  /** All of it if it is whole, else its beginning. */
  readonly bytes: Buffer;
  /** The body from its beginning, however much of it was kept. */
  readonly again: () => AsyncGenerator<Uint8Array>;
}

/** @throws what the body throws. */
export async function collect(body: AsyncIterable<Uint8Array>, limit: number): Promise<Collected> {
  const rest = body[Symbol.asyncIterator]();
  const pieces: Uint8Array[] = [];
  let length = 0;
  let whole = false;
  while (length <= limit && !whole) {
    const next = await rest.next();
    if (next.done === true) whole = true;
    else {
      pieces.push(next.value);
      length += next.value.length;
    }
  }
  const bytes = Buffer.concat(pieces);
  return {
    whole,
    bytes,
    async *again() {
      if (bytes.length > 0) yield bytes;
      if (!whole) yield* { [Symbol.asyncIterator]: () => rest };
    },
  };
}

/** The body as it comes. `whenWhole` is called with all of it when it has come to its end, unless it was too long. */
export async function* copied(
  body: AsyncIterable<Uint8Array>,
  limit: number,
  whenWhole: (bytes: Buffer) => void,
): AsyncGenerator<Uint8Array> {
  let pieces: Uint8Array[] | undefined = [];
  let length = 0;
  for await (const piece of body) {
    length += piece.length;
    if (length > limit) pieces = undefined;
    pieces?.push(piece);
    yield piece;
  }
  if (pieces !== undefined) whenWhole(Buffer.concat(pieces));
}
