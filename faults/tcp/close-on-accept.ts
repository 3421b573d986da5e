import { z } from "zod";
import { tcpFault } from "./contract.ts";

export const closeOnAccept = tcpFault({
  plane: "tcp",
  kind: "tcp.close-on-accept",
  about:
    "A new connection is accepted and closed at once, politely, and the server never hears of it: as from a balancer that has nobody behind it. Connections that were there before stay.",
  source: "RFC 9293, 3.6; RFC 9112, 9.6",
  example: "{}",
  pulse: false,
  direction: "upstream",
  only: "upstream",
  parameters: z.strictObject({}),
  start: () => ({}),
  map: (item, _state, _parameters, { since }) => (item.type === "open" ? { type: "close", due: since } : item),
});
