import { z } from "zod";
import { tlsFault } from "./contract.ts";

export const wrongHost = tlsFault({
  plane: "tls",
  kind: "tls.wrong-host",
  about:
    "The server's certificate is somebody else's: valid, from an authority that is trusted, and for another name. A client that doesn't look speaks to whoever answers. New connections only.",
  source: "RFC 9525, 6; RFC 2818, 3.1",
  example: "{ host: www.example.org }",
  pulse: false,
  parameters: z.strictObject({
    host: z
      .string()
      .regex(
        /^(?=.{1,253}$)([a-z0-9_]([a-z0-9-]*[a-z0-9])?\.)*[a-z0-9_]([a-z0-9-]*[a-z0-9])?$/i,
        "write a host's name, such as www.example.org",
      )
      .default("other.invalid")
      .meta({ title: "name", description: "whose it is" }),
  }),
  certificate: (certificate, { host }) => ({ ...certificate, names: [host] }),
});
