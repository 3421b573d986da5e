import { z } from "zod";
import { httpFault } from "./contract.ts";

export const abort = httpFault({
  plane: "http",
  kind: "http.abort",
  about:
    "The connection ends instead of a reply. `when: before`: the server has never heard of the request. `when: after`: it has done what it was asked, and the answer is lost, which a client can't tell from the other and mustn't treat alike.",
  source: "RFC 9110, section 9.2.2 (what may be asked again); Birrell and Nelson 1984",
  example: "{ when: after }",
  pulse: false,
  parameters: z.strictObject({
    when: z
      .enum(["before", "after"], "write before or after")
      .meta({ description: "before the request is passed on, or after the head of its reply is in" }),
    how: z
      .enum(["reset", "close"], "write reset or close")
      .prefault("reset")
      .meta({ description: "reset: by RST; close: by FIN, as a server that ends in the middle of its work" }),
  }),
  start: () => ({}),
  before: (_request, _state, { when, how }) => (when === "before" ? { type: "end", how } : undefined),
  after: (_reply, _request, _state, { when, how }) => (when === "after" ? { type: "end", how } : undefined),
});
