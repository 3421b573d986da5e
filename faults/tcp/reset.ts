import { z } from "zod";
import { duration, size } from "../units.ts";
import { tcpFault } from "./contract.ts";
import { ended } from "./ending.ts";

export const reset = tcpFault({
  plane: "tcp",
  kind: "tcp.reset",
  about:
    "Both sides get RST, even on an idle connection: at once, after a time, or exactly behind a byte of the stream (in the middle of a document).",
  source: "RFC 9293, 3.5.2; Muir 2004, 3.1",
  example: "{ after_bytes: 4KiB }",
  pulse: false,
  direction: "downstream",
  parameters: z.strictObject({
    after: duration.optional().meta({
      description:
        "how long after the fault met the connection (default: at once, unless after_bytes is given; with both, whichever comes first)",
      strengths: ["10s", "1ms"],
    }),
    after_bytes: size.optional().meta({
      description: "behind which byte of the direction, counted from where the fault met the connection",
      strengths: ["256KiB", "1B"],
    }),
  }),
  start: () => ({ met: -1 }),
  map: (item, state, { after, after_bytes: afterBytes }, context) =>
    ended("rst", item, state, { after, afterBytes }, context),
});
