import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";
import { z } from "zod";
import { httpFault } from "./contract.ts";
import { patchJson } from "./json.ts";
import { headerOf, withHeader, withoutHeader, type HttpReply, type HttpRequest } from "./message.ts";
import { actions, documentPath, stepsOf, type Patch } from "./path.ts";
import { patchXml } from "./xml.ts";

/** What a small reply may unpack to. */
const maxOutputLength = 64 * 1024 * 1024;

export const body = httpFault({
  plane: "http",
  kind: "http.body",
  about:
    "Something else stands at one place of a document, JSON or XML, in a reply or in a request: a value, a member or an element that is missing, or one that is there twice. All else stays as it was, but for digests and lengths inside the document, which are wrong then. Bodies are kept back until they are whole; one of a request above 1 MiB, or of a reply above 16 MiB, passes as it is.",
  source:
    "programs of older and newer servers, of the wrong type, with missing and unknown fields; PlanetLab's field failures",
  example: "{ path: '/slices/slice[1]', action: remove }",
  pulse: false,
  parameters: z.strictObject({
    path: documentPath.meta({
      description:
        "where: /slivers/names/0 in JSON, /slices/slice[2]/@name in XML ([2]: the second of that name; without a number all of them; *: any)",
    }),
    action: z.enum(actions, "write set, remove or duplicate").prefault("set").meta({
      description:
        "set: value stands there; remove: it is missing; duplicate: it is there twice, be it a member of a JSON object (RFC 8259, section 4: some take the last, some refuse it)",
    }),
    value: z
      .string("write a value as text, such as '42'")
      .prefault("")
      .meta({ title: "text", description: "what to set; in JSON, what reads as JSON is meant as such" }),
    of: z
      .enum(["reply", "request"], "write reply or request")
      .prefault("reply")
      .meta({ description: "whose document" }),
  }),
  whole: ({ of }) => of,
  start: () => ({}),
  before(request, _state, parameters) {
    const changed = parameters.of === "request" ? patched(request, parameters) : undefined;
    if (changed === undefined) return undefined;
    const { headers, body: bytes } = changed;
    const isStated = headerOf(headers, "content-length") !== undefined;
    const fitting = isStated ? withHeader(headers, "Content-Length", String(bytes.length)) : headers;
    return { type: "pass", request: { ...changed, headers: fitting } };
  },
  after(reply, _request, _state, parameters) {
    const changed = parameters.of === "reply" ? patched(reply, parameters) : undefined;
    return changed && { type: "reply", reply: changed };
  },
});

type Message = Pick<HttpRequest | HttpReply, "headers" | "body">;

interface Change {
  readonly path: string;
  readonly action: Patch["action"];
  readonly value: string;
}

/** Undefined if nothing is changed by it. */
function patched<One extends Message>(message: One, change: Change): (One & { body: Uint8Array }) | undefined {
  const { path, action, value } = change;
  const plain = unpacked(message);
  if (plain?.body === undefined) return undefined;
  const text = Buffer.from(plain.body).toString("latin1");
  const patch = { steps: stepsOf(path), action, value: Buffer.from(value).toString("latin1") };
  const put = /^\s*</.test(text) ? patchXml(text, patch) : patchJsonBytes(plain.body, { ...patch, value });
  const bytes = typeof put === "string" ? Buffer.from(put, "latin1") : put;
  if (bytes === undefined || Buffer.compare(bytes, plain.body) === 0) return undefined;
  return { ...plain, body: bytes };
}

function patchJsonBytes(bytes: Uint8Array, patch: Patch): Buffer | undefined {
  const changed = patchJson(Buffer.from(bytes).toString("utf8"), patch);
  return changed === undefined ? undefined : Buffer.from(changed);
}

/** Undefined if nobody can unpack it. */
function unpacked<One extends Message>(message: One): One | undefined {
  const { headers, body: packed } = message;
  const coding = headerOf(headers, "content-encoding")?.toLowerCase();
  if (coding === undefined || coding === "identity" || packed === undefined) return message;
  const unpack = { gzip: gunzipSync, deflate: inflateSync, br: brotliDecompressSync }[coding];
  if (unpack === undefined) return undefined;
  try {
    const bytes = unpack(packed, { maxOutputLength });
    return { ...message, body: bytes, headers: withoutHeader(headers, "content-encoding") };
  } catch {
    return undefined;
  }
}
