import { gzipSync } from "node:zlib";
import { z } from "zod";
import { httpFault } from "./contract.ts";
import { headerOf, withHeader, withoutHeader } from "./message.ts";

export const gzipLie = httpFault({
  plane: "http",
  kind: "http.gzip-lie",
  about:
    "What a reply says about its compression is wrong: it is said to be compressed and is not, or it is and nobody says so, or little is sent that unpacks to much.",
  source: "RFC 9110, section 8.4",
  example: "{ lie: not-compressed }",
  pulse: false,
  parameters: z.strictObject({
    lie: z
      .enum(["not-compressed", "not-said", "half", "bomb"], "write not-compressed, not-said, half or bomb")
      .prefault("not-compressed")
      .meta({
        description:
          "not-compressed: Content-Encoding says gzip, and the body is as it was; not-said: the body is compressed, and no header says so; half: compressed and said so, but cut in the middle, with a Content-Length that fits; bomb: a few KiB that unpack to 16 MiB of spaces behind the body",
        examples: ["not-compressed", "not-said", "half", "bomb"],
      }),
  }),
  whole: () => "reply",
  start: () => ({}),
  after(reply, _request, _state, { lie }) {
    const { headers, body } = reply;
    const coded = headerOf(headers, "content-encoding") !== undefined;
    if (body === undefined || body.length === 0) return undefined;
    if (lie === "not-compressed") {
      if (coded) return undefined;
      return { type: "reply", reply: { ...reply, headers: withHeader(headers, "Content-Encoding", "gzip") } };
    }
    if (lie === "not-said") {
      const compressed = coded ? body : gzipSync(body);
      return {
        type: "reply",
        reply: { ...reply, headers: withoutHeader(headers, "content-encoding"), body: compressed },
      };
    }
    const compressed = coded ? body : gzipSync(body);
    const packed =
      lie === "bomb" ? Buffer.concat([compressed, charge()]) : compressed.subarray(0, compressed.length / 2);
    return {
      type: "reply",
      reply: { ...reply, headers: coded ? headers : withHeader(headers, "Content-Encoding", "gzip"), body: packed },
    };
  },
});

/** Members of a gzip file follow one another, so that a bomb is made as cheaply as it is sent. */
function charge(): Buffer {
  const member = gzipSync(Buffer.alloc(1024 * 1024, " "));
  return Buffer.concat(Array.from({ length: 16 }, () => member));
}
