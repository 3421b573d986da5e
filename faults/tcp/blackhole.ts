import { z } from "zod";
import { tcpFault } from "./contract.ts";

export const blackhole = tcpFault({
  plane: "tcp",
  kind: "tcp.blackhole",
  soughtAs: ["drop"],
  about:
    "Nothing passes and nobody is told: not a byte, not the end of a stream, not a reset; a new connection is accepted and stays mute. Lifting it lets everything through, without loss. With `direction: upstream` or `direction: downstream` it is one-way: the other direction passes.",
  source: "RFC 1122, 4.2.3.5 (what a sender sees of it); Muir 2004, 3.1",
  example: "{}",
  pulse: false,
  direction: "both",
  parameters: z.strictObject({}),
  pace: () => ({ rate: 0 }),
  start: () => ({}),
  map: (item) => (item.type === "tick" ? item : { ...item, due: Infinity }),
});
