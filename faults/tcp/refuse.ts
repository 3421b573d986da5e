import { z } from "zod";
import { tcpFault } from "./contract.ts";

export const refuse = tcpFault({
  plane: "tcp",
  kind: "tcp.refuse",
  soughtAs: ["down", "refused"],
  about:
    "Nobody listens: a connect is refused by the client's own kernel, as when the server is down. Connections that were there before stay. In a plan, `probability`, `first`, `nth` and `every_nth` choose among the connects of a program, whose host tells when it was refused; else the door is shut for everybody.",
  source: "RFC 9293, 3.10.7.1; Muir 2004, 3.1",
  example: "{}",
  pulse: false,
  direction: "both",
  door: "shut",
  parameters: z.strictObject({}),
  start: () => ({}),
  map: (item) => item,
});
