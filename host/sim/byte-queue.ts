/** A buffer of the kernel's: bytes in the order of their coming, in whatever pieces. */

export interface ByteQueue {
  readonly bytes: number;
  put(bytes: Buffer): void;
  /** What was taken comes first again. */
  putBack(bytes: Buffer): void;
  /** At most so many of them, in one piece. */
  take(most: number): Buffer;
  clear(): void;
}

export function createByteQueue(): ByteQueue {
  let pieces: Buffer[] = [];
  let length = 0;
  return {
    get bytes() {
      return length;
    },
    put(bytes) {
      if (bytes.length === 0) return;
      pieces.push(bytes);
      length += bytes.length;
    },
    putBack(bytes) {
      if (bytes.length === 0) return;
      pieces.unshift(bytes);
      length += bytes.length;
    },
    take(most) {
      const [first] = pieces;
      if (first !== undefined && pieces.length === 1 && first.length <= most) {
        pieces = [];
        length = 0;
        return first;
      }
      const taken: Buffer[] = [];
      let missing = Math.min(most, length);
      length -= missing;
      let index = 0;
      for (; missing > 0; index += 1) {
        const piece = pieces[index];
        if (piece === undefined) break;
        taken.push(piece.subarray(0, missing));
        if (piece.length > missing) {
          pieces[index] = piece.subarray(missing);
          break;
        }
        missing -= piece.length;
      }
      pieces.splice(0, index);
      return taken.length === 1 && taken[0] !== undefined ? taken[0] : Buffer.concat(taken);
    },
    clear() {
      pieces = [];
      length = 0;
    },
  };
}
