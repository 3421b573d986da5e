import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";
import { z } from "zod";
import { httpFault } from "./contract.ts";
import { patchJson } from "./json.ts";
import { headerOf, withoutHeader, type HttpReply } from "./message.ts";
import { actions, documentPath, stepsOf } from "./path.ts";
import { patchXml } from "./xml.ts";

/** What a small reply may unpack to. */
const maxOutputLength = 64 * 1024 * 1024;

export const body = httpFault({
  plane: "http",
  kind: "http.body",
  about:
    "Something else stands at one place of a reply's document, JSON or XML: a value, a member or an element that is missing, or one that is there twice. All else stays as it was, but for digests and lengths inside the document, which are wrong then.",
  source:
    "replies of older and newer servers, of the wrong type, with missing and unknown fields; PlanetLab's field failures",
  example: "{ path: '/slices/slice[1]', action: remove }",
  pulse: false,
  parameters: z.strictObject({
    path: documentPath.meta({
      description:
        "where: /slivers/names/0 in JSON, /slices/slice[2]/@name in XML ([2]: the second of that name; without a number all of them; *: any)",
    }),
    action: z
      .enum(actions, "write set, remove or duplicate")
      .prefault("set")
      .meta({ description: "set: value stands there; remove: it is missing; duplicate: it is there twice" }),
    value: z
      .string("write a value as text, such as '42'")
      .prefault("")
      .meta({ title: "text", description: "what to set; in JSON, what reads as JSON is meant as such" }),
  }),
  whole: true,
  start: () => ({}),
  after(reply, _request, _state, { path, action, value }) {
    const plain = unpacked(reply);
    if (plain?.body === undefined) return undefined;
    const text = Buffer.from(plain.body).toString("latin1");
    const patch = { steps: stepsOf(path), action, value: Buffer.from(value).toString("latin1") };
    const changed = /^\s*</.test(text) ? patchXml(text, patch) : patchJsonBytes(plain.body, { ...patch, value });
    const bytes = typeof changed === "string" ? Buffer.from(changed, "latin1") : changed;
    if (bytes === undefined || Buffer.compare(bytes, plain.body) === 0) return undefined;
    return { type: "reply", reply: { ...plain, body: bytes } };
  },
});

function patchJsonBytes(bytes: Uint8Array, patch: Parameters<typeof patchJson>[1]): Buffer | undefined {
  const changed = patchJson(Buffer.from(bytes).toString("utf8"), patch);
  return changed === undefined ? undefined : Buffer.from(changed);
}

/** Undefined if nobody can unpack it. */
function unpacked(reply: HttpReply): HttpReply | undefined {
  const coding = headerOf(reply.headers, "content-encoding")?.toLowerCase();
  if (coding === undefined || coding === "identity" || reply.body === undefined) return reply;
  const unpack = { gzip: gunzipSync, deflate: inflateSync, br: brotliDecompressSync }[coding];
  if (unpack === undefined) return undefined;
  try {
    const bytes = unpack(reply.body, { maxOutputLength });
    return { ...reply, body: bytes, headers: withoutHeader(reply.headers, "content-encoding") };
  } catch {
    return undefined;
  }
}
