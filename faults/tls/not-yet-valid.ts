import { z } from "zod";
import { duration } from "../units.ts";
import { lifetimeMs, tlsFault } from "./contract.ts";

export const notYetValid = tlsFault({
  plane: "tls",
  kind: "tls.not-yet-valid",
  about:
    "The server's certificate is not valid yet, as when it is brand-new or a clock is slow; it becomes so while the fault lasts if that is longer. New connections only.",
  source: "RFC 5280, 6.1.3; RFC 8446, 6.2 (bad_certificate)",
  example: "{ in: 1h }",
  pulse: false,
  parameters: z.strictObject({
    in: duration.prefault("1d").meta({
      description: "when it becomes valid, counted from the moment of injection",
      strengths: ["10s", "365d"],
    }),
  }),
  certificate(certificate, { in: later }, now) {
    // X.509's times are whole seconds, and one that has begun counts.
    const notBefore = Math.ceil((now + later) / 1000) * 1000;
    return { ...certificate, notBefore, notAfter: Math.max(certificate.notAfter, notBefore + lifetimeMs) };
  },
});
