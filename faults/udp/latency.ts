import { z } from "zod";
import { perItem } from "../distribution.ts";
import { delayOf } from "../jitter.ts";
import { duration } from "../units.ts";
import { udpFault } from "./contract.ts";

export const latency = udpFault({
  plane: "udp",
  kind: "udp.latency",
  about:
    "Datagrams arrive later. Each is late by itself: with jitter, one may overtake another that was sent before it.",
  source: "tc-netem(8), delay and jitter",
  example: "{ delay: 100ms, jitter: 20ms }",
  pulse: false,
  direction: "downstream",
  parameters: z.strictObject({
    delay: duration.meta({ description: "how much later", strengths: ["1ms", "10s"] }),
    jitter: perItem(duration)
      .prefault("0ms")
      .meta({
        description:
          "what is added for every datagram: a duration is plus or minus so much, evenly; a distribution is added as drawn",
        perItem: true,
        strengths: ["1ms", "2s"],
      }),
  }),
  start: () => ({}),
  map(datagram, _state, parameters, { draw }) {
    const later = delayOf(parameters, datagram.ordinal - 1, draw);
    return later === 0 ? datagram : { ...datagram, due: datagram.due + later };
  },
});
