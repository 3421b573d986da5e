import { z } from "zod";
import { duration } from "../units.ts";
import { lifetimeMs, tlsFault } from "./contract.ts";

export const expired = tlsFault({
  plane: "tls",
  kind: "tls.expired",
  about:
    "The server's certificate is not valid any more, as if nobody had renewed it: who checks it gives up the handshake. New connections only.",
  source: "RFC 5280, 6.1.3; RFC 8446, 6.2 (certificate_expired)",
  example: "{ ago: 1h }",
  pulse: false,
  parameters: z.strictObject({
    ago: duration.prefault("1d").meta({
      description: "since when it is not valid any more, counted back from the moment of injection",
      strengths: ["1s", "365d"],
    }),
  }),
  certificate(certificate, { ago }, now) {
    const notAfter = now - ago;
    return { ...certificate, notAfter, notBefore: Math.min(certificate.notBefore, notAfter - lifetimeMs) };
  },
});
