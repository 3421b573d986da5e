import { z } from "zod";
import { count, share } from "../units.ts";
import { udpFault } from "./contract.ts";

export const corrupt = udpFault({
  plane: "udp",
  kind: "udp.corrupt",
  about:
    "Bits of datagrams are turned over, and the checksum is right again: the program gets them, as from a broken sender or a middlebox.",
  source: "tc-netem(8), corrupt (there, the receiver's kernel drops what has a wrong checksum); RFC 768",
  example: "{ probability: 10%, bits: 1 }",
  pulse: false,
  direction: "both",
  parameters: z.strictObject({
    probability: share.meta({ description: "of each datagram", strengths: ["1%", "100%"] }),
    bits: count(1, 1024)
      .prefault(1)
      .meta({ description: "how many bits of it, or all if it has fewer", strengths: [1, 64] }),
  }),
  start: () => ({}),
  map(datagram, _state, { probability, bits }, { draw }) {
    const n = datagram.ordinal;
    const size = datagram.bytes.length * 8;
    if (size === 0 || draw("corrupt", n) >= probability) return datagram;
    const chosen = new Set<number>();
    for (let k = 0; k < Math.min(bits, size); k += 1) {
      let bit = Math.floor(draw(`bit.${k}`, n) * size);
      // No bit is turned twice: that would turn it back.
      while (chosen.has(bit)) bit = (bit + 1) % size;
      chosen.add(bit);
    }
    const bytes = Uint8Array.from(datagram.bytes);
    for (const bit of chosen) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    return { ...datagram, bytes };
  },
});
