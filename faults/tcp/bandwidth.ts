import { z } from "zod";
import { rate } from "../units.ts";
import { tcpFault } from "./contract.ts";
import { spaced } from "./spacing.ts";

/** Bytes go in pieces of a hundredth of a second's worth, within these limits: smooth, and not too many. */
const piecesPerSecond = 100;
const largestPiece = 16_384;

export const bandwidth = tcpFault({
  plane: "tcp",
  kind: "tcp.bandwidth",
  about:
    "A narrow link: bytes pass at a steady rate and queue up behind one another, without bursts. Each connection has the rate to itself.",
  source: "tc-netem(8), rate; Muir 2004, 3.1",
  example: "{ rate: 64KiB/s }",
  pulse: false,
  direction: "downstream",
  parameters: z.strictObject({
    rate: rate.meta({ description: "bytes (or bits) per second, per connection", strengths: ["1MiB/s", "100B/s"] }),
  }),
  pace: ({ rate: bytesPerSecond }) => ({ rate: bytesPerSecond }),
  start: (_parameters, { since }) => ({ free: since }),
  map(item, state, parameters) {
    if (item.type !== "data") return item;
    const piece = Math.min(largestPiece, Math.max(1, Math.round(parameters.rate / piecesPerSecond)));
    return spaced(item, state, parameters.rate, piece);
  },
});
