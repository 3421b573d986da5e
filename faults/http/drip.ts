import { z } from "zod";
import { rate } from "../units.ts";
import { httpFault } from "./contract.ts";

export const drip = httpFault({
  plane: "http",
  kind: "http.drip",
  about:
    "The head of a reply comes at once, and its body drips: a client that waits for the first byte, or for any byte, never gives up. Other requests and replies are not held up.",
  source: "Muir 2004, 3.1 (a small file that takes 24 hours); slow HTTP attacks",
  example: "{ rate: 200B/s }",
  pulse: false,
  parameters: z.strictObject({
    rate: rate.meta({ description: "of the body, per second", strengths: ["1MiB/s", "20B/s"] }),
  }),
  start: () => ({}),
  after(reply, _request, _state, { rate: pace }) {
    if (reply.pace !== undefined && reply.pace <= pace) return undefined;
    return { type: "reply", reply: { ...reply, pace } };
  },
});
