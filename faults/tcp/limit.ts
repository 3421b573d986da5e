import { z } from "zod";
import { atLeastOne } from "../at-least-one.ts";
import { duration, size } from "../units.ts";
import { tcpFault } from "./contract.ts";
import { ended } from "./ending.ts";

const either = ["bytes", "time"];

export const limit = tcpFault({
  plane: "tcp",
  kind: "tcp.limit",
  soughtAs: ["limit-data"],
  about:
    "The connection is closed after so many bytes, or so much time: politely, on both sides, exactly behind the last byte. What either side still says is read and dropped. Other than with tcp.truncate, the other direction ends, too.",
  source: "Toxiproxy's limit_data; RFC 9293, 3.6",
  example: "{ bytes: 4KiB }",
  pulse: false,
  direction: "downstream",
  atLeastOneOf: either,
  parameters: z
    .strictObject({
      bytes: size.optional().meta({
        description: "how many bytes of the direction pass, counted from where the fault met the connection",
        strengths: ["256KiB", "1B"],
      }),
      time: duration.optional().meta({
        description:
          "for how long after the fault met the connection, 0s: not at all (with bytes as well, whichever comes first)",
        strengths: ["10s", "1ms"],
      }),
    })
    .refine(...atLeastOne(either, "bytes: 4KiB")),
  start: () => ({ met: -1 }),
  map: (item, state, { time: after, bytes: afterBytes }, context) =>
    ended("close", item, state, { after, afterBytes }, context),
});
