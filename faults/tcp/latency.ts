import { z } from "zod";
import { isDistribution, perItem } from "../distribution.ts";
import { delayOf } from "../jitter.ts";
import { duration } from "../units.ts";
import { tcpFault } from "./contract.ts";
import { piecesOf } from "./cut.ts";

/** Jitter is drawn anew for every stretch of the stream of this length: about one small message. */
const bytesPerDraw = 512;
/** Of a distribution, to guess how much may be under way. */
const usualJitterMs = 100;

export const latency = tcpFault({
  plane: "tcp",
  kind: "tcp.latency",
  about:
    "Everything arrives later: bytes, the end of the stream, and a reset. Order is kept, and bytes that are under way at the same time wait side by side. The connect itself is not delayed.",
  source: "tc-netem(8), delay and jitter; Muir 2004, 3.1",
  example: "{ delay: 100ms, jitter: 20ms }",
  pulse: false,
  direction: "downstream",
  parameters: z.strictObject({
    delay: duration.meta({ description: "how much later", strengths: ["1ms", "10s"] }),
    jitter: perItem(duration)
      .prefault("0ms")
      .meta({
        description: `what is added for every ${bytesPerDraw} bytes: a duration is plus or minus so much, evenly; a distribution is added as drawn`,
        perItem: true,
        strengths: ["1ms", "2s"],
      }),
  }),
  start: () => ({}),
  pace: ({ delay, jitter }) => ({ flight: delay + (isDistribution(jitter) ? usualJitterMs : jitter) }),
  map(item, _state, { delay, jitter }, { draw }) {
    if (item.type === "open" || item.type === "tick") return item;
    if (item.type !== "data" || jitter === 0) return delay === 0 ? item : { ...item, due: item.due + delay };
    return piecesOf(item, bytesPerDraw).map((piece) => {
      const n = Math.floor(piece.offset / bytesPerDraw);
      return { ...piece, due: piece.due + delayOf({ delay, jitter }, n, draw) };
    });
  },
});
