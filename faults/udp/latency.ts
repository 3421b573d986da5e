import { z } from "zod";
import { delay, delayOf, jitterOf } from "../jitter.ts";
import { udpFault } from "./contract.ts";

export const latency = udpFault({
  plane: "udp",
  kind: "udp.latency",
  soughtAs: ["delay"],
  about:
    "Datagrams arrive later. Each is late by itself: with jitter, one may overtake another that was sent before it.",
  source: "tc-netem(8), delay and jitter",
  example: "{ delay: 100ms, jitter: 20ms }",
  pulse: false,
  direction: "downstream",
  parameters: z.strictObject({
    delay,
    jitter: jitterOf("every datagram"),
  }),
  start: () => ({}),
  map(datagram, _state, parameters, { draw }) {
    const later = delayOf(parameters, datagram.ordinal - 1, draw);
    return later === 0 ? datagram : { ...datagram, due: datagram.due + later };
  },
});
