import { z } from "zod";
import { tcpFault } from "./contract.ts";

export const mute = tcpFault({
  plane: "tcp",
  kind: "tcp.mute",
  soughtAs: ["timeout"],
  about:
    "Accepted and never answered: what the client sends is read and dropped, so that it can send for ever, and the server, though connected, hears nothing to answer. With `direction: downstream` the server does what it was asked, and its answer is lost. The ends of the streams pass. What was dropped stays so when the fault is lifted; tcp.blackhole is the one that holds everything and loses nothing.",
  source: "RFC 1122, 4.2.3.5; Muir 2004, 3.1",
  example: "{}",
  pulse: false,
  direction: "upstream",
  parameters: z.strictObject({}),
  start: () => ({}),
  map: (item) => (item.type === "data" ? [] : item),
});
