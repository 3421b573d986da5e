import { z } from "zod";
import { when } from "../tcp/ending.ts";
import { tlsFault } from "./contract.ts";

export const noCloseNotify = tlsFault({
  plane: "tls",
  kind: "tls.no-close-notify",
  about:
    "The connection ends without close_notify: the client can't tell an end from a truncation, and who doesn't look takes a part for the whole. Acts whenever the server ends it, and by itself after a time or behind a byte if told so. New and existing connections.",
  source: "RFC 8446, 6.1; RFC 9112, 9.8",
  example: "{ after_bytes: 4KiB }",
  pulse: false,
  parameters: z.strictObject({
    after: when.after.meta({
      description:
        "ends it so long after the fault met the connection (default: never by itself; with both, whichever comes first)",
      strengths: ["10s", "1ms"],
    }),
    after_bytes: when.after_bytes.meta({
      description:
        "ends it behind this byte of what the server says within TLS, counted from where the fault met the connection",
      strengths: ["256KiB", "1B"],
    }),
  }),
  ending: ({ after, after_bytes: afterBytes }) => ({ after, afterBytes }),
});
