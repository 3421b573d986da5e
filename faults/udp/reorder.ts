import { z } from "zod";
import { duration, share } from "../units.ts";
import { udpFault } from "./contract.ts";

export const reorder = udpFault({
  plane: "udp",
  kind: "udp.reorder",
  about: "Some datagrams take a longer way, so that those which were sent meanwhile overtake them.",
  source: "tc-netem(8), reorder (there, those that are chosen go first, and all others wait)",
  example: "{ probability: 25%, delay: 50ms }",
  pulse: false,
  direction: "both",
  parameters: z.strictObject({
    probability: share.meta({ description: "of each datagram to be overtaken", strengths: ["1%", "90%"] }),
    delay: duration.meta({ description: "how much later it arrives", strengths: ["1ms", "2s"] }),
  }),
  start: () => ({}),
  map: (datagram, _state, { probability, delay }, { draw }) =>
    delay > 0 && draw("reorder", datagram.ordinal) < probability
      ? { ...datagram, due: datagram.due + delay }
      : datagram,
});
