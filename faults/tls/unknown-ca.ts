import { z } from "zod";
import { tlsFault } from "./contract.ts";

export const unknownCa = tlsFault({
  plane: "tls",
  kind: "tls.unknown-ca",
  soughtAs: ["self-signed"],
  about:
    "The server's certificate is signed by an authority that nobody trusts, or by itself, as when somebody sits in between. New connections only.",
  source: "RFC 5280, 6.1; RFC 8446, 6.2 (unknown_ca)",
  example: "{ signed_by: itself }",
  pulse: false,
  parameters: z.strictObject({
    signed_by: z
      .enum(["authority", "itself"], "write authority or itself")
      .default("authority")
      .meta({ description: "an authority that nobody knows, or the certificate's own key" }),
  }),
  certificate: (certificate, { signed_by: by }) => ({ ...certificate, issuer: by === "itself" ? "itself" : "unknown" }),
});
