/** Cutting `data` without copying: every piece knows its own offset. */
import type { TcpData } from "./contract.ts";

/** The bytes before `offset` and those from it on; an end may be empty. */
export function cutAt(item: TcpData, offset: number): readonly [TcpData, TcpData] {
  const length = Math.min(item.bytes.length, Math.max(0, offset - item.offset));
  return [
    { ...item, bytes: item.bytes.subarray(0, length) },
    { ...item, offset: item.offset + length, bytes: item.bytes.subarray(length) },
  ];
}

/** Cut at every multiple of `every` in the stream, so that the pieces are the same however TCP chunked the bytes. */
export function piecesOf(item: TcpData, every: number): readonly TcpData[] {
  const pieces: TcpData[] = [];
  let rest = item;
  while (rest.bytes.length > 0) {
    const [piece, after] = cutAt(rest, (Math.floor(rest.offset / every) + 1) * every);
    pieces.push(piece);
    rest = after;
  }
  return pieces;
}

export function endOf(item: TcpData): number {
  return item.offset + item.bytes.length;
}
