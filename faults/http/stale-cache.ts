import { z } from "zod";
import { duration } from "../units.ts";
import { httpFault } from "./contract.ts";
import { keep, nothingKept } from "./kept.ts";
import { headerOf, withHeader, type HttpRequest } from "./message.ts";

export const staleCache = httpFault({
  plane: "http",
  kind: "http.stale-cache",
  about:
    "A cache on the way that never asks whether it is still right: the first good reply to a GET or HEAD since the fault began answers all that follow for the same URL, without the server. A reply above 16 MiB is not kept.",
  source: "RFC 9111, section 4.2; Muir 2004, 3.1",
  example: "{ age: 1h }",
  pulse: false,
  parameters: z.strictObject({
    age: duration.optional().meta({ description: "an Age header that admits it, in whole seconds; by default none" }),
  }),
  start: nothingKept,
  before(request, { replies }, { age }) {
    const kept = replies.get(keyOf(request));
    if (kept === undefined) return undefined;
    const headers = age === undefined ? kept.headers : withHeader(kept.headers, "Age", String(Math.floor(age / 1000)));
    return { type: "answer", reply: { ...kept, headers } };
  },
  remember(reply, request, state) {
    const key = keyOf(request);
    if (request.method !== "GET" || reply.status !== 200) return undefined;
    return (whole) => {
      if (!state.replies.has(key)) keep(state, key, whole);
    };
  },
});

/** A HEAD is answered by what a GET has brought. */
function keyOf({ method, target, headers }: HttpRequest): string {
  return `${method === "HEAD" ? "GET" : method} ${headerOf(headers, "host") ?? ""} ${target}`;
}
