import { z } from "zod";
import { udpFault } from "./contract.ts";

export const blackhole = udpFault({
  plane: "udp",
  kind: "udp.blackhole",
  about: "Every datagram is lost and nobody is told. What was lost stays lost when the fault is lifted.",
  source: "RFC 1122, 4.1 (UDP promises nothing); Muir 2004, 3.1",
  example: "{}",
  pulse: false,
  direction: "both",
  parameters: z.strictObject({}),
  start: () => ({}),
  map: () => [],
});
