import { z } from "zod";
import { isDistribution } from "../distribution.ts";
import { delay, delayOf, jitterOf } from "../jitter.ts";
import { tcpFault } from "./contract.ts";
import { piecesOf } from "./cut.ts";

/** Jitter is drawn anew for every stretch of the stream of this length: about one small message. */
const bytesPerDraw = 512;
/** Of a distribution, to guess how much may be under way. */
const usualJitterMs = 100;

export const latency = tcpFault({
  plane: "tcp",
  kind: "tcp.latency",
  soughtAs: ["delay"],
  about:
    "Everything arrives later: bytes, the end of the stream, and a reset. Order is kept, and bytes that are under way at the same time wait side by side. The connect itself is not delayed.",
  source: "tc-netem(8), delay and jitter; Muir 2004, 3.1",
  example: "{ delay: 100ms, jitter: 20ms }",
  pulse: false,
  direction: "downstream",
  parameters: z.strictObject({
    delay,
    jitter: jitterOf(`every ${bytesPerDraw} bytes`),
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
