import { z } from "zod";
import { tlsFault } from "./contract.ts";
import { behind } from "./moment.ts";

export const handshakeCut = tlsFault({
  plane: "tls",
  kind: "tls.handshake-cut",
  about:
    "The connection ends in the middle of the handshake, by RST or by FIN, and no alert says why. Meets new connections, and those whose handshake has not come that far.",
  source: "RFC 8446, 6.2; RFC 9293, 3.5.2",
  example: "{ behind: server-flight, by: fin }",
  pulse: false,
  parameters: z.strictObject({
    behind,
    by: z.enum(["rst", "fin"], "write rst or fin").default("rst").meta({ description: "how both sides see it end" }),
  }),
  break: ({ behind: moment, by }) => ({ behind: moment, by }),
});
