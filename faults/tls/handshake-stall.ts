import { z } from "zod";
import { tlsFault } from "./contract.ts";
import { behind } from "./moment.ts";

export const handshakeStall = tlsFault({
  plane: "tls",
  kind: "tls.handshake-stall",
  about:
    "The handshake stands still: the connection is there, and nothing more passes on it. Lifting it lets the handshake go on. Meets new connections, and those whose handshake has not come that far.",
  source: "RFC 8446, 4; Muir 2004, 3.1",
  example: "{ behind: server-hello }",
  pulse: false,
  parameters: z.strictObject({ behind }),
  break: ({ behind: moment }) => ({ behind: moment, by: "hold" }),
});
