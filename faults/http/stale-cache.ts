import { z } from "zod";
import { duration } from "../units.ts";
import { httpFault } from "./contract.ts";
import { keep, nothingKept } from "./kept.ts";
import { headerOf, withHeader, type HttpRequest } from "./message.ts";

export const staleCache = httpFault({
  plane: "http",
  kind: "http.stale-cache",
  about:
    "A cache on the way that never asks whether it is still right: the first good reply to a GET or HEAD since the fault began answers all that follow for the same URL, without the server. Replies are kept back until they are whole, up to 16 MiB, those of requests that it is not chosen for included: nothing streams meanwhile.",
  source: "RFC 9111, section 4.2; Muir 2004, 3.1",
  example: "{ age: 1h }",
  pulse: false,
  parameters: z.strictObject({
    age: duration.optional().meta({ description: "an Age header that admits it, in whole seconds; by default none" }),
  }),
  whole: () => "reply",
  start: nothingKept,
  before(request, { replies }, { age }) {
    const kept = replies.get(keyOf(request));
    if (kept === undefined) return undefined;
    const headers = age === undefined ? kept.headers : withHeader(kept.headers, "Age", String(Math.floor(age / 1000)));
    return { type: "answer", reply: { ...kept, headers } };
  },
  remember(reply, request, state) {
    const key = keyOf(request);
    const cached = request.method === "GET" && reply.status === 200 && !state.replies.has(key);
    if (cached) keep(state, key, reply);
  },
});

/** A HEAD is answered by what a GET has brought. */
function keyOf({ method, target, headers }: HttpRequest): string {
  return `${method === "HEAD" ? "GET" : method} ${headerOf(headers, "host") ?? ""} ${target}`;
}
