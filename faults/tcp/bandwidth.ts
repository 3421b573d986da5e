import { z } from "zod";
import { rate } from "../units.ts";
import { tcpFault, type TcpData } from "./contract.ts";
import { spaced } from "./spacing.ts";

/** Bytes go in pieces of a hundredth of a second's worth, within these limits: smooth, and not too many. */
const piecesPerSecond = 100;
const largestPiece = 16_384;
/** How far back in the stream an item that is judged once more can begin. */
const reachBack = 64 * 1024;

interface State {
  free: number;
  /** Of a shared rate: since when the bottleneck was free for the item at this place of the stream. All copies of the state share it. */
  readonly queued: Map<number, number>;
}

export const bandwidth = tcpFault({
  plane: "tcp",
  kind: "tcp.bandwidth",
  about:
    "A narrow link: bytes pass at a steady rate and queue up behind one another, without bursts. Each connection has the rate to itself, or all that the fault meets share it (each direction for itself), and queue up behind one another as well.",
  source: "tc-netem(8), rate; Muir 2004, 3.1",
  example: "{ rate: 64KiB/s, shared: true }",
  pulse: false,
  direction: "downstream",
  parameters: z.strictObject({
    rate: rate.meta({ description: "bytes (or bits) per second", strengths: ["1MiB/s", "100B/s"] }),
    shared: z.boolean("write true or false").optional().meta({
      title: "true or false",
      description: "whether that is for all connections together; by default for each",
    }),
  }),
  pace: ({ rate: bytesPerSecond }) => ({ rate: bytesPerSecond }),
  start: (_parameters, { since }): State => ({ free: since, queued: new Map() }),
  map(item, state, { rate: bytesPerSecond, shared }, context) {
    if (item.type !== "data") return item;
    const piece = Math.min(largestPiece, Math.max(1, Math.round(bytesPerSecond / piecesPerSecond)));
    if (shared !== true) return spaced(item, state, bytesPerSecond, piece);
    return queuedWithOthers(item, state, context, (queue) => spaced(item, queue, bytesPerSecond, piece));
  },
});

/** What is judged again has its place in the queue already: asking once more must not cost the others anything. */
function queuedWithOthers(
  item: TcpData,
  { free, queued }: State,
  { shared, direction }: { readonly shared: Record<string, number>; readonly direction: string },
  pass: (queue: { free: number }) => readonly TcpData[],
): readonly TcpData[] {
  const place = item.again === true ? item.offset + 0.5 : item.offset;
  const known = queued.get(place);
  const queue = { free: known ?? Math.max(free, shared[direction] ?? 0) };
  if (known === undefined) queued.set(place, queue.free);
  const pieces = pass(queue);
  if (known === undefined) {
    shared[direction] = queue.free;
    for (const earlier of queued.keys()) {
      if (earlier >= item.offset - reachBack) break;
      queued.delete(earlier);
    }
  }
  return pieces;
}
