import { z } from "zod";
import { rate, size } from "../units.ts";
import { tcpFault } from "./contract.ts";
import { spaced } from "./spacing.ts";

export const drip = tcpFault({
  plane: "tcp",
  kind: "tcp.drip",
  about:
    "Bytes drip in, a few at a time and evenly spaced: the small file that takes 24 hours. There is always progress, so that a timeout between two reads never fires.",
  source: "Muir 2004, 3.1",
  example: "{ rate: 200B/s }",
  pulse: false,
  direction: "downstream",
  parameters: z.strictObject({
    rate: rate.meta({ description: "bytes per second, per connection", strengths: ["100KiB/s", "10B/s"] }),
    chunk: size
      .refine((bytes) => bytes > 0, "write a size of 1B or more")
      .prefault("8B")
      .meta({ description: "how many bytes fall at a time", strengths: ["1KiB", "1B"] }),
  }),
  pace: ({ rate: bytesPerSecond }) => ({ rate: bytesPerSecond }),
  start: (_parameters, { since }) => ({ free: since }),
  map: (item, state, parameters) =>
    item.type === "data" ? spaced(item, state, parameters.rate, parameters.chunk) : item,
});
