import { z } from "zod";
import { duration } from "../units.ts";
import { tcpFault } from "./contract.ts";

export const slowClose = tcpFault({
  plane: "tcp",
  kind: "tcp.slow-close",
  about:
    "Bytes pass as ever, and the end of the stream comes late: whoever reads until the end has all of it and does not know.",
  source: "RFC 9293, 3.6; Toxiproxy's slow_close",
  example: "{ delay: 3s }",
  pulse: false,
  direction: "downstream",
  parameters: z.strictObject({
    delay: duration.meta({ description: "how much later FIN arrives", strengths: ["1ms", "60s"] }),
  }),
  start: () => ({}),
  map: (item, _state, { delay }) => (item.type === "fin" && delay > 0 ? { type: "fin", due: item.due + delay } : item),
});
