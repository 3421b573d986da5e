import { z } from "zod";
import { httpFault } from "./contract.ts";
import { headerOf, withHeader, withoutHeader, type Headers } from "./message.ts";

const help = "write the name of a header, such as content-type";

export const header = httpFault({
  plane: "http",
  kind: "http.header",
  about:
    "A header is set, missing, or there twice, in requests or in replies. Whatever it says about the body, the body is as it was: a Content-Length that is set is a lie.",
  source: "RFC 9110, section 5.3; missing and duplicated headers in the field",
  example: "{ name: etag, action: remove }",
  pulse: false,
  parameters: z.strictObject({
    name: z
      .string(help)
      .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, help)
      .meta({ title: "text", description: "which one, in any case" }),
    action: z.enum(["set", "remove", "duplicate"], "write set, remove or duplicate").meta({
      description: "set: to value, whether it was there or not; remove: all of that name; duplicate: once more",
    }),
    value: z
      .string("write a value as text")
      .regex(/^[\t\x20-\x7e\x80-\xff]*$/, "write a value without line breaks")
      .optional()
      .meta({ title: "text", description: "what it says (of a duplicate: if not the same again)" }),
    of: z.enum(["reply", "request"], "write reply or request").prefault("reply").meta({ description: "whose header" }),
  }),
  start: () => ({}),
  before(request, _state, parameters) {
    if (parameters.of !== "request") return undefined;
    const headers = changed(request.headers, parameters);
    return headers === undefined ? undefined : { type: "pass", request: { ...request, headers } };
  },
  after(reply, _request, _state, parameters) {
    if (parameters.of !== "reply") return undefined;
    const headers = changed(reply.headers, parameters);
    return headers === undefined ? undefined : { type: "reply", reply: { ...reply, headers, ...told(parameters) } };
  },
});

interface Change {
  readonly name: string;
  readonly action: "set" | "remove" | "duplicate";
  readonly value?: string | undefined;
}

/** Undefined if nothing is changed by it. */
function changed(headers: Headers, { name, action, value }: Change): Headers | undefined {
  const present = headerOf(headers, name);
  if (action === "remove") return present === undefined ? undefined : withoutHeader(headers, name);
  if (action === "set") return present === (value ?? "") ? undefined : withHeader(headers, name, value ?? "");
  const again = value ?? present;
  return again === undefined ? undefined : [...headers, [name, again]];
}

/** Whoever changes what tells the body's end wants it to be told so. */
function told({ name }: Change): { readonly verbatim?: true } {
  return /^(content-length|transfer-encoding)$/i.test(name) ? { verbatim: true } : {};
}
