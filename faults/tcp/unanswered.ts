import { z } from "zod";
import { tcpFault } from "./contract.ts";

export const unanswered = tcpFault({
  plane: "tcp",
  kind: "tcp.unanswered",
  about:
    "A connect gets no answer: every SYN is dropped, as by a firewall, or by a server whose backlog is full. The client's kernel sends it again, after a second at first, so that a client that is patient enough gets in some time after the fault is lifted. Connections that were there before stay. It is so for everybody: `probability`, `first`, `nth` and `every_nth` do not narrow it.",
  source: "RFC 9293, 3.8.3; RFC 6298, 2.1; listen(2), backlog",
  example: "{}",
  pulse: false,
  direction: "both",
  door: "silent",
  parameters: z.strictObject({}),
  start: () => ({}),
  map: (item) => item,
});
