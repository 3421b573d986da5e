import { z } from "zod";
import { count } from "../units.ts";
import { httpFault } from "./contract.ts";
import { page, reasonOf } from "./page.ts";

export const redirectLoop = httpFault({
  plane: "http",
  kind: "http.redirect-loop",
  about:
    "Every request is redirected, and the redirections lead in a circle: to the very same URL, or by way of others that differ in their query. The server is never asked.",
  source: "RFC 9110, section 15.4",
  example: "{ code: 302, length: 2 }",
  pulse: false,
  parameters: z.strictObject({
    code: z
      .union([z.literal(301), z.literal(302), z.literal(303), z.literal(307), z.literal(308)], {
        error: "write 301, 302, 303, 307 or 308",
      })
      .prefault(302)
      .meta({ title: "one of 301, 302, 303, 307, 308", description: "the status", examples: [302] }),
    length: count(1, 1000)
      .prefault(1)
      .meta({ description: "how many URLs the circle has; 1 is the same one again", strengths: [1, 100] }),
  }),
  start: () => ({}),
  before({ target }, _state, { code, length }) {
    const [, path = target, before = "", step = "0"] =
      /^([^?]*)(\?.*?)?(?:[?&]redirected=(\d{1,9}))?$/s.exec(target) ?? [];
    const next = (Number(step) + 1) % length;
    const mark = next === 0 ? "" : `${before === "" ? "?" : "&"}redirected=${next}`;
    const reply = page(code, reasonOf(code), "text/plain", "");
    return {
      type: "answer",
      reply: { ...reply, headers: [["Location", `${path}${before}${mark}`], ...reply.headers] },
    };
  },
});
