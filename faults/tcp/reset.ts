import { z } from "zod";
import { tcpFault } from "./contract.ts";
import { ended, when } from "./ending.ts";

export const reset = tcpFault({
  plane: "tcp",
  kind: "tcp.reset",
  soughtAs: ["reset-peer", "rst"],
  about:
    "Both sides get RST, even on an idle connection: at once, after a time, or exactly behind a byte of the stream (in the middle of a document).",
  source: "RFC 9293, 3.5.2; Muir 2004, 3.1",
  example: "{ after_bytes: 4KiB }",
  pulse: false,
  direction: "downstream",
  parameters: z.strictObject(when),
  start: () => ({ met: -1 }),
  map: (item, state, { after, after_bytes: afterBytes }, context) =>
    ended("rst", item, state, { after, afterBytes }, context),
});
