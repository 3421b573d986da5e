import { z } from "zod";
import { count, duration } from "../units.ts";
import { httpFault } from "./contract.ts";

export const reorder = httpFault({
  plane: "http",
  kind: "http.reorder",
  about:
    "Replies of concurrent requests come in another order: one is held until others, over other connections of the link, have passed it. On one connection replies have to keep the order of their requests. One that nobody has passed is late by `longest`, in its own place, and no hit.",
  source: "RFC 9112, section 9.3.2; races between concurrent requests",
  example: "{ behind: 1, longest: 1s }",
  pulse: false,
  parameters: z.strictObject({
    behind: count(1, 1000)
      .prefault(1)
      .meta({ description: "how many replies pass it before it goes on", strengths: [1, 10] }),
    longest: duration
      .prefault("1s")
      .meta({ description: "it goes on by then, whether others have come or not", strengths: ["100ms", "10s"] }),
  }),
  start: () => ({}),
  after: (_reply, _request, _state, { behind, longest }) => ({ type: "hold", behind, longestMs: longest }),
});
