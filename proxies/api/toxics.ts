/**
 * Toxiproxy's toxics, each told by a fault of ours: the one place to connect a new fault to its toxic.
 *
 *     attributes as clients write them ──map──► what the fault of `faults/tcp` does with the item
 *
 * No accepted value may stop anything: what makes no sense (a slice of no bytes, a negative delay) does nothing, and is none the less kept and
 * shown as it was written.
 */
import type { Direction, TcpContext, TcpItem } from "../../faults/tcp/contract.ts";
import { bandwidth } from "../../faults/tcp/bandwidth.ts";
import { piecesOf } from "../../faults/tcp/cut.ts";
import { latency } from "../../faults/tcp/latency.ts";
import { slicer } from "../../faults/tcp/slicer.ts";
import { truncate } from "../../faults/tcp/truncate.ts";
import { float64, integer, type Reader } from "./decode.ts";

export type Attributes = Readonly<Record<string, bigint | number>>;
type Values<Names extends string> = Readonly<Record<Names, number>>;
type Outcome = TcpItem | readonly TcpItem[];

export interface ToxicContext extends TcpContext {
  /** The stream that the toxic is of. */
  readonly stream: Direction;
}

export interface ToxicType<Names extends string = string, State extends object = object> {
  /** What Go calls its struct, for errors. */
  readonly struct: string;
  /** In the order in which they are shown. */
  readonly attributes: Readonly<Record<Names, Reader<bigint | number>>>;
  /** True if it ends both directions, so that it has to see both. */
  readonly bothDirections?: boolean;
  /** True if its connections are closed when it is removed. */
  readonly closesWhenRemoved?: boolean;
  start(context: TcpContext): State;
  /** As in the contract of faults. Values may change between two items; the state stays. */
  map(item: TcpItem, state: State, values: Values<Names>, context: ToxicContext): Outcome;
}

function toxicType<const Names extends string, State extends object>(type: ToxicType<Names, State>): ToxicType {
  return type;
}

/** A first retransmission waits so long, each further one twice as long as the one before (RFC 6298; Linux' minimum). */
const firstRetransmissionMs = 200;
const mostRetransmissions = 8;
const segmentBytes = 1460;

export const toxicTypes: ReadonlyMap<string, ToxicType> = new Map([
  [
    "latency",
    // tcp.latency, but for the end of a stream: that waits for the data ahead of it alone.
    toxicType({
      struct: "LatencyToxic",
      attributes: { latency: integer, jitter: integer },
      start: () => ({}),
      map(item, state, values, context) {
        if (item.type === "fin") return item;
        const jitter = Math.max(0, values.jitter);
        const delay = jitter > 0 ? values.latency : Math.max(0, values.latency);
        return latency.map(item, state, { delay, jitter }, context);
      },
    }),
  ],
  [
    "bandwidth",
    // tcp.bandwidth; a rate of nothing holds all data.
    toxicType({
      struct: "BandwidthToxic",
      attributes: { rate: integer },
      start: (context) => bandwidth.start({ rate: 1 }, context),
      map(item, state, { rate }, context) {
        if (rate > 0) return bandwidth.map(item, state, { rate: rate * 1000 }, context);
        return item.type === "data" ? { ...item, due: Infinity } : item;
      },
    }),
  ],
  [
    "slow_close",
    toxicType({
      struct: "SlowCloseToxic",
      attributes: { delay: integer },
      start: () => ({}),
      map: (item, _state, { delay }) => (item.type === "fin" && delay > 0 ? { ...item, due: item.due + delay } : item),
    }),
  ],
  [
    "timeout",
    // No fault of its own: tcp.blackhole keeps what this one drops, and a FIN to both sides is only this toxic's.
    toxicType({
      struct: "TimeoutToxic",
      attributes: { timeout: integer },
      bothDirections: true,
      closesWhenRemoved: true,
      start: () => ({}),
      map(item, _state, { timeout }, { since, stream, direction }) {
        if (item.type === "data" && stream === direction) return [];
        if (timeout <= 0 || (item.type !== "open" && item.type !== "tick")) return item;
        const due = since + timeout;
        if (item.type === "tick" && item.due >= due) return { type: "fin", due: item.due };
        return [item, { type: "tick", due }];
      },
    }),
  ],
  [
    "reset_peer",
    // tcp.reset, but from the first byte (or the end) on: an idle connection stays until it is used.
    toxicType({
      struct: "ResetToxic",
      attributes: { timeout: integer },
      start: () => ({}),
      map: (item, _state, { timeout }) =>
        item.type === "data" || item.type === "fin" ? { type: "rst", due: item.due + Math.max(0, timeout) } : item,
    }),
  ],
  [
    "slicer",
    // tcp.slicer, with sizes drawn evenly around the average.
    toxicType({
      struct: "SlicerToxic",
      attributes: { average_size: integer, size_variation: integer, delay: integer },
      start: (context) => slicer.start({ size: 1, delay: 0 }, context),
      map(item, state, { average_size: average, size_variation: variation, delay }, context) {
        if (average <= 0) return item;
        const around = Math.max(0, variation);
        const size = around === 0 ? average : { uniform: [Math.max(1, average - around), average + around] as const };
        return slicer.map(item, state, { size, delay: Math.max(0, delay) / 1000 }, context);
      },
    }),
  ],
  [
    "limit_data",
    // tcp.truncate.
    toxicType({
      struct: "LimitDataToxic",
      attributes: { bytes: integer },
      start: (context) => truncate.start({ after: 0 }, context),
      map: (item, state, { bytes }, context) => truncate.map(item, state, { after: Math.max(0, bytes) }, context),
    }),
  ],
  [
    "packet_loss",
    // What a receiver sees of loss beneath TCP: late bytes, and none missing.
    toxicType({
      struct: "PacketLossToxic",
      attributes: { loss_rate: float64, correlation: float64 },
      start: () => ({ segment: -1, last: 0, late: 0 }),
      map(item, state, { loss_rate: rate, correlation }, { draw }) {
        if (item.type !== "data" || rate <= 0) return item;
        const kept = Math.min(1, Math.max(0, correlation));
        return piecesOf(item, segmentBytes).map((piece) => {
          const segment = Math.floor(piece.offset / segmentBytes);
          if (segment !== state.segment) {
            state.segment = segment;
            state.last = state.last * kept + draw("loss.0", segment) * (1 - kept);
            state.late = rate >= 1 ? Infinity : 0;
            let lost = state.last < rate;
            for (let tries = 0; lost && tries < mostRetransmissions; tries += 1) {
              state.late += firstRetransmissionMs * 2 ** tries;
              lost = draw(`loss.${tries + 1}`, segment) < rate;
            }
          }
          return { ...piece, due: piece.due + state.late };
        });
      },
    }),
  ],
  ["noop", toxicType({ struct: "NoopToxic", attributes: {}, start: () => ({}), map: (item) => item })],
]);
