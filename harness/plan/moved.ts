/** Where something stands in the plan as it is written, after parts of it were written out elsewhere. */
import type { Path } from "./tree.ts";

export interface Place {
  readonly path: Path;
  /** Into a text. */
  readonly offset: number | undefined;
}

export interface Moves {
  /** What is at `path` now, and all below it, came from there; its texts, if they were changed, with other offsets. */
  add(path: Path, from: Path, originalOffset?: (offset: number) => number): void;
  readonly writtenAt: WrittenAt;
}

export type WrittenAt = (path: Path, offset?: number) => Place;

export const unmoved: WrittenAt = (path, offset) => ({ path, offset });

export function createMoves(): Moves {
  const moves = new Map<string, { readonly from: Path; readonly originalOffset: (offset: number) => number }>();
  return {
    add(path, from, originalOffset = (offset) => offset) {
      moves.set(JSON.stringify(path), { from, originalOffset });
    },
    writtenAt(path, offset) {
      for (let length = path.length; length > 0; length--) {
        const move = moves.get(JSON.stringify(path.slice(0, length)));
        if (move === undefined) continue;
        return {
          path: [...move.from, ...path.slice(length)],
          offset: offset === undefined ? undefined : move.originalOffset(offset),
        };
      }
      return { path, offset };
    },
  };
}
