import { z } from "zod";
import { count } from "../units.ts";
import { httpFault } from "./contract.ts";

export const duplicateRequest = httpFault({
  plane: "http",
  kind: "http.duplicate-request",
  about:
    "The server gets a request more than once, as when something on the way has sent it again because it thought that the first was lost. The client gets one of the replies. A body above 1 MiB is not sent again.",
  source: "RFC 9110, section 9.2.2; retrying proxies and load balancers",
  example: "{ times: 2 }",
  pulse: false,
  parameters: z.strictObject({
    times: count(2, 100)
      .prefault(2)
      .meta({ description: "how often the server gets it, one after the other", strengths: [2, 10] }),
    reply: z
      .enum(["first", "last"], "write first or last")
      .prefault("first")
      .meta({ description: "which reply the client gets; the last one is what a retry brings" }),
  }),
  start: () => ({}),
  before: (_request, _state, { times, reply }) => ({ type: "repeat", times, reply }),
});
