import { z } from "zod";
import { duration, rate as speed } from "../units.ts";
import { udpFault } from "./contract.ts";

export const rate = udpFault({
  plane: "udp",
  kind: "udp.rate",
  about:
    "A narrow link: datagrams pass one after the other at a rate, and those that would have to wait too long are lost. Each flow has the rate to itself.",
  source: "tc-netem(8), rate; tc-tbf(8), latency",
  example: "{ rate: 64KiB/s, queue: 200ms }",
  pulse: false,
  direction: "downstream",
  parameters: z.strictObject({
    rate: speed.meta({ description: "bytes (or bits) per second, per flow", strengths: ["1MiB/s", "100B/s"] }),
    queue: duration
      .prefault("1s")
      .meta({ description: "how long a datagram may wait for those ahead of it; it is lost if it would be longer" }),
  }),
  start: (_parameters, { since }) => ({ free: since }),
  map(datagram, state, { rate: bytesPerSecond, queue }) {
    const begins = Math.max(state.free, datagram.due);
    if (begins - datagram.due > queue) return [];
    state.free = begins + (datagram.bytes.length * 1000) / bytesPerSecond;
    return { ...datagram, due: state.free };
  },
});
