import { z } from "zod";
import { share, size } from "../units.ts";
import { udpFault } from "./contract.ts";

export const truncate = udpFault({
  plane: "udp",
  kind: "udp.truncate",
  about: "Long datagrams arrive cut off at a size, and nothing in them says so.",
  source: "recv(2): what does not fit in the buffer is discarded; RFC 2181, 9 (truncated replies)",
  example: "{ size: 512B }",
  pulse: false,
  direction: "downstream",
  parameters: z.strictObject({
    size: size.meta({ description: "what is left of a datagram at most", strengths: ["1400B", "1B"] }),
    probability: share.prefault("100%").meta({ description: "of each datagram that is longer" }),
  }),
  start: () => ({}),
  map(datagram, _state, { size: most, probability }, { draw }) {
    if (datagram.bytes.length <= most || draw("truncate", datagram.ordinal) >= probability) return datagram;
    return { ...datagram, bytes: datagram.bytes.subarray(0, most) };
  },
});
