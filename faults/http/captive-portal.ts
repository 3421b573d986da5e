import { z } from "zod";
import { httpFault } from "./contract.ts";
import { page, reasonOf } from "./page.ts";

const html = "text/html; charset=utf-8";

export const captivePortal = httpFault({
  plane: "http",
  kind: "http.captive-portal",
  about:
    "Something on the way answers every request with a page for people: log in first. With status 200 it looks like a success, and what it brings is no document that anybody has asked for. The server is never asked.",
  source: "RFC 8910; RFC 6585, section 6; Muir 2004, 3.1",
  example: "{ status: 200 }",
  pulse: false,
  parameters: z.strictObject({
    status: z
      .union([z.literal(200), z.literal(302), z.literal(511)], { error: "write 200, 302 or 511" })
      .prefault(200)
      .meta({
        title: "one of 200, 302, 511",
        description:
          "200: the page itself; 302: a redirection to it; 511: the page, honestly (Network Authentication Required)",
        examples: [200, 302, 511],
      }),
    url: z
      .string("write where the page is")
      .regex(/^[\x21-\x7e]+$/, "write a URL, such as http://login.example/")
      .prefault("http://login.portal.test/")
      .meta({ title: "text", description: "where one logs in" }),
  }),
  start: () => ({}),
  before(_request, _state, { status, url }) {
    const reply = page(status, reasonOf(status), html, status === 302 ? "" : pageTo(url));
    const headers = status === 302 ? [["Location", url] as const, ...reply.headers] : reply.headers;
    return { type: "answer", reply: { ...reply, headers } };
  },
});

function pageTo(url: string): string {
  const link = url.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
  return `<!DOCTYPE html>\n<html><head><title>Welcome</title><meta http-equiv="refresh" content="0; url=${link}"></head>\n<body><p>You must <a href="${link}">log in</a> to use this network.<br></body></html>\n`;
}
