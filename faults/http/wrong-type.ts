import { z } from "zod";
import { httpFault } from "./contract.ts";
import { headerOf, withHeader } from "./message.ts";

export const wrongType = httpFault({
  plane: "http",
  kind: "http.wrong-type",
  about:
    "A reply says that it is of another type than it is. The body stays as it was: whoever looks at the type refuses what is right, and whoever doesn't takes anything.",
  source: "RFC 9110, section 8.3; MIME sniffing",
  example: "{ type: text/html }",
  pulse: false,
  parameters: z.strictObject({
    type: z
      .string("write a media type, such as text/html")
      .regex(/^[\x21-\x7e]+\/[\x20-\x7e]*[\x21-\x7e]$/, "write a media type, such as text/html")
      .prefault("text/html; charset=iso-8859-1")
      .meta({ title: "text", description: "the media type that it states" }),
  }),
  start: () => ({}),
  after(reply, _request, _state, { type }) {
    if (headerOf(reply.headers, "content-type") === type) return undefined;
    return { type: "reply", reply: { ...reply, headers: withHeader(reply.headers, "Content-Type", type) } };
  },
});
