/** A bottleneck: bytes leave one after the other at a rate, so that a piece is due when its last byte has passed. */
import type { TcpData } from "./contract.ts";
import { piecesOf } from "./cut.ts";

export interface Spacing {
  /** When the bottleneck has nothing more to do. */
  free: number;
}

export function spaced(item: TcpData, state: Spacing, bytesPerSecond: number, pieceSize: number): readonly TcpData[] {
  return piecesOf(item, pieceSize).map((piece) => {
    state.free = Math.max(state.free, piece.due) + (piece.bytes.length * 1000) / bytesPerSecond;
    return { ...piece, due: state.free };
  });
}
