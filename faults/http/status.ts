import { z } from "zod";
import { count, duration } from "../units.ts";
import { httpFault } from "./contract.ts";
import { withHeader, withoutHeader, type HttpReply } from "./message.ts";
import { page, reasonOf } from "./page.ts";

export const status = httpFault({
  plane: "http",
  kind: "http.status",
  soughtAs: ["error"],
  about:
    "The reply has another status. By default the server is never asked, as when something on the way answers in its place; with `when: after` it has done its work, and the client hears something else. A status below 200 is an interim reply that goes ahead of the server's own; a client of HTTP/1.0 does not know them, and gets none.",
  source: "RFC 9110, section 15; taxonomies of HTTP faults: 1xx, 204 with a body, 503",
  example: "{ code: 503, retry_after: 30s }",
  pulse: false,
  parameters: z.strictObject({
    code: count(100, 599)
      .refine((code) => code !== 101, "write another status, such as 100 or 503: 101 is none that can be made up")
      .meta({ description: "the status; 101 is none that can be made up", strengths: [503, 500] }),
    when: z
      .enum(["before", "after"], "write before or after")
      .prefault("before")
      .meta({ description: "before: in place of the server; after: the server was asked, and its body comes along" }),
    retry_after: duration.optional().meta({ description: "a Retry-After header, in whole seconds" }),
  }),
  start: () => ({}),
  before(_request, _state, { code, when, retry_after: retryAfterMs }) {
    if (when === "after" || code < 200) return undefined;
    return {
      type: "answer",
      reply: delayed({ ...page(code, reasonOf(code), "text/plain", `${code}\n`) }, retryAfterMs),
    };
  },
  after(reply, { version }, _state, { code, when, retry_after: retryAfterMs }) {
    if (code < 200) {
      if (version === "1.0") return undefined;
      const interim = { status: code, reason: reasonOf(code), headers: [] };
      return { type: "reply", reply: { ...reply, interim: [...(reply.interim ?? []), interim] } };
    }
    if (when === "before" || reply.status === code) return undefined;
    return { type: "reply", reply: delayed({ ...reply, status: code, reason: reasonOf(code) }, retryAfterMs) };
  },
});

function delayed(reply: HttpReply, retryAfterMs: number | undefined): HttpReply {
  if (retryAfterMs === undefined) return reply;
  const headers = withoutHeader(reply.headers, "retry-after");
  return { ...reply, headers: withHeader(headers, "Retry-After", String(Math.ceil(retryAfterMs / 1000))) };
}
