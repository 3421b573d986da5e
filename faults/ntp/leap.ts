import { z } from "zod";
import { ntpFault } from "./contract.ts";

const announcements = { none: 0, insert: 1, delete: 2 } as const;
const words = ["insert", "delete", "none"] as const;

export const leap = ntpFault({
  plane: "ntp",
  kind: "ntp.leap",
  about:
    "The leap indicator announces a leap second for the end of the day, true or not, or hides one. Nothing happens to the time; that is ntp.leap-second.",
  source:
    "RFC 5905, section 7.3; false announcements of 72 to 86 servers, November 2021; futexes that span, June 2012 (openstreetmap/chef#21)",
  example: "{ announces: insert }",
  pulse: false,
  parameters: z.strictObject({
    announces: z.enum(words, "write insert, delete or none").meta({
      description: "a day of 86401 seconds, of 86399, or none that differs",
      examples: [...words],
    }),
  }),
  start: () => ({}),
  after: (reply, _request, _state, { announces }) => ({
    ...reply,
    packet: { ...reply.packet, leap: announcements[announces] },
  }),
});
