/**
 * Toxiproxy's toxics, each told by a fault of ours: the one place to connect a new fault to its toxic.
 *
 *     attributes as clients write them ──map──► what the fault of `faults/tcp` does with the item
 *
 * No accepted value may stop anything: what makes no sense (a slice of no bytes, a negative delay) does nothing, and is none the less kept and
 * shown as it was written.
 */
import type { Pace, TcpContext, TcpItem } from "../../faults/tcp/contract.ts";
import { bandwidth } from "../../faults/tcp/bandwidth.ts";
import { latency } from "../../faults/tcp/latency.ts";
import { limit } from "../../faults/tcp/limit.ts";
import { loss } from "../../faults/tcp/loss.ts";
import { slicer } from "../../faults/tcp/slicer.ts";
import { slowClose } from "../../faults/tcp/slow-close.ts";
import { float64, integer, type Reader } from "./decode.ts";

export type Attributes = Readonly<Record<string, bigint | number>>;
type Values<Names extends string> = Readonly<Record<Names, number>>;
type Outcome = TcpItem | readonly TcpItem[];

export interface ToxicType<Names extends string = string, State extends object = object> {
  /** What Go calls its struct, for errors. */
  readonly struct: string;
  /** In the order in which they are shown. */
  readonly attributes: Readonly<Record<Names, Reader<bigint | number>>>;
  /** True if its connections are closed when it is removed. */
  readonly closesWhenRemoved?: boolean;
  start(context: TcpContext): State;
  /** As in the contract of faults. */
  pace?(values: Values<Names>): Pace;
  /** As in the contract of faults. Values may change between two items; the state stays. */
  map(item: TcpItem, state: State, values: Values<Names>, context: TcpContext): Outcome;
}

function toxicType<const Names extends string, State extends object>(type: ToxicType<Names, State>): ToxicType {
  return type;
}

/** Linux' shortest wait for a retransmission (RFC 6298), and the most of the stream that is in a frame of Ethernet. */
const retransmissionMs = 200;
const segmentBytes = 1460;

export const toxicTypes: ReadonlyMap<string, ToxicType> = new Map([
  [
    "latency",
    // tcp.latency, but for the end of a stream: that waits for the data ahead of it alone.
    toxicType({
      struct: "LatencyToxic",
      attributes: { latency: integer, jitter: integer },
      start: () => ({}),
      pace: (values) => ({ flight: Math.max(0, values.latency) + Math.max(0, values.jitter) }),
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
      pace: ({ rate }) => ({ rate: Math.max(0, rate * 1000) }),
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
      map: (item, state, { delay }, context) => slowClose.map(item, state, { delay }, context),
    }),
  ],
  [
    "timeout",
    // tcp.limit by time, but all data is dropped.
    toxicType({
      struct: "TimeoutToxic",
      attributes: { timeout: integer },
      closesWhenRemoved: true,
      start: () => ({}),
      map(item, _state, { timeout }, context) {
        if (item.type === "data") return [];
        return timeout > 0 ? limit.map(item, { met: -1 }, { time: timeout }, context) : item;
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
    // tcp.limit.
    toxicType({
      struct: "LimitDataToxic",
      attributes: { bytes: integer },
      start: (context) => limit.start({ bytes: 0 }, context),
      map: (item, state, { bytes }, context) => limit.map(item, state, { bytes: Math.max(0, bytes) }, context),
    }),
  ],
  [
    "packet_loss",
    // tcp.loss: late bytes, and none missing.
    toxicType({
      struct: "PacketLossToxic",
      attributes: { loss_rate: float64, correlation: float64 },
      pace: () => ({ flight: retransmissionMs }),
      start: (context) => loss.start({ probability: 0, correlation: 0, delay: 0, segment: segmentBytes }, context),
      map(item, state, { loss_rate: rate, correlation: written }, context) {
        const probability = Math.min(1, Math.max(0, rate));
        const correlation = Math.min(1, Math.max(0, written));
        return loss.map(
          item,
          state,
          { probability, correlation, delay: retransmissionMs, segment: segmentBytes },
          context,
        );
      },
    }),
  ],
  ["noop", toxicType({ struct: "NoopToxic", attributes: {}, start: () => ({}), map: (item) => item })],
]);
