/**
 * Requests off a connection (RFC 9112), one after the other. What can't be read as one is no error here: it is somebody else's protocol, or a server's to
 * complain of, and so it is given back as it came.
 */
import { Readable } from "node:stream";
import type { Headers, HttpRequest } from "../../faults/http/message.ts";
import { headerOf } from "../../faults/http/message.ts";
import type { Source } from "./source.ts";

/** Whoever floods us with headers is to be passed on, not kept. */
const longestHeadBytes = 256 * 1024;
const longestLineBytes = 16 * 1024;

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const requestLine = new RegExp(`^(${token}) ([^\\s\\0-\\x1f\\x7f]+) HTTP/1\\.([01])$`);
const beginning = new RegExp(`^(?:\\r\\n)*(?:${token}(?: [^\\r\\n]*)?)?\\r?$`);
const headerLine = new RegExp(`^(${token}):[ \\t]*([\\t\\x20-\\x7e\\x80-\\xff]*)$`);

export interface ReadRequest extends HttpRequest {
  /** How long its body is; undefined if it is chunked. */
  readonly length: number | undefined;
  /** Its body, to be read to its end before the next request. It throws a `ClientLost` if the client goes before that, or sends what is no body. */
  readonly stream: Readable;
  /** Those behind a chunked body, once that has ended. */
  readonly trailers: () => Headers;
}

/** The body does not come to its end. */
export class ClientLost extends Error {
  override readonly name = "ClientLost";
}

/** Undefined at the end of the connection, and `foreign` bytes where no request begins: then nothing more can be read from it. */
export async function readRequest(source: Source): Promise<ReadRequest | { readonly foreign: Buffer } | undefined> {
  let bytes = Buffer.alloc(0);
  for (;;) {
    const more = await source.read();
    if (more === undefined) return bytes.length === 0 ? undefined : { foreign: bytes };
    bytes = Buffer.concat([bytes, more]);
    const end = bytes.indexOf("\r\n\r\n", leading(bytes));
    if (end >= 0 && end <= longestHeadBytes) {
      const head = parseHead(bytes.toString("latin1", leading(bytes), end));
      if (head === undefined) return { foreign: bytes };
      source.unread(bytes.subarray(end + 4));
      return withBody(head, source);
    }
    const line = bytes.indexOf("\r\n", leading(bytes));
    const first = bytes.toString("latin1", 0, line < 0 ? Math.min(bytes.length, longestLineBytes + 1) : line);
    const hopeless =
      line < 0 ? !beginning.test(first) || first.length > longestLineBytes : !requestLine.test(first.trim());
    if (hopeless || bytes.length > longestHeadBytes) return { foreign: bytes };
  }
}

/** Empty lines in front of a request are ignored (RFC 9112, section 2.2). */
function leading(bytes: Buffer): number {
  let at = 0;
  while (bytes[at] === 13 && bytes[at + 1] === 10) at += 2;
  return at;
}

type Head = Pick<ReadRequest, "method" | "target" | "headers" | "version" | "length">;

function parseHead(text: string): Head | undefined {
  const [first = "", ...lines] = text.split("\r\n");
  const [, method, target, minor] = requestLine.exec(first) ?? [];
  if (method === undefined || target === undefined) return undefined;
  const headers: (readonly [string, string])[] = [];
  for (const line of lines) {
    const [, name, value] = headerLine.exec(line) ?? [];
    if (name === undefined || value === undefined) return undefined;
    headers.push([name, value.trimEnd()]);
  }
  const length = lengthOf(headers);
  if (length === "unclear") return undefined;
  return {
    method,
    target,
    headers,
    version: minor === "0" ? "1.0" : "1.1",
    length: length === "chunked" ? undefined : length,
  };
}

/** What could be understood in two ways is left to the server. */
function lengthOf(headers: Headers): number | "chunked" | "unclear" {
  const coded = headers.filter(([name]) => name.toLowerCase() === "transfer-encoding");
  const lengths = headers.filter(([name]) => name.toLowerCase() === "content-length");
  if (coded.length + lengths.length > 1) return "unclear";
  const coding = headerOf(headers, "transfer-encoding");
  if (coding !== undefined) return coding.toLowerCase() === "chunked" ? "chunked" : "unclear";
  const length = headerOf(headers, "content-length");
  if (length === undefined) return 0;
  return /^\d{1,15}$/.test(length) ? Number(length) : "unclear";
}

function withBody(head: Head, source: Source): ReadRequest {
  let trailers: Headers = [];
  const pieces =
    head.length === undefined ? readChunks(source, (all) => (trailers = all)) : readLength(source, head.length);
  return { ...head, stream: Readable.from(pieces, { objectMode: false }), trailers: () => trailers };
}

async function* readLength(source: Source, length: number): AsyncGenerator<Buffer> {
  let left = length;
  while (left > 0) {
    const bytes = await source.read();
    if (bytes === undefined) throw new ClientLost(`the body ends ${left} bytes early`);
    source.unread(bytes.subarray(left));
    const own = bytes.subarray(0, left);
    left -= own.length;
    yield own;
  }
}

async function* readChunks(source: Source, onTrailers: (trailers: Headers) => void): AsyncGenerator<Buffer> {
  for (;;) {
    const line = await readLine(source);
    const [, digits] = /^([0-9a-fA-F]{1,12})[ \t]*(?:;[\t\x20-\xff]*)?$/.exec(line) ?? [];
    if (digits === undefined) throw new ClientLost("a chunk begins without its size");
    const size = Number.parseInt(digits, 16);
    if (size === 0) break;
    yield* readLength(source, size);
    if ((await readLine(source)) !== "") throw new ClientLost("a chunk is longer than its size");
  }
  const trailers: (readonly [string, string])[] = [];
  for (let line = await readLine(source); line !== ""; line = await readLine(source)) {
    const [, name, value] = headerLine.exec(line) ?? [];
    if (name === undefined || value === undefined || trailers.length === 1000)
      throw new ClientLost("a trailer is none, or there are too many");
    trailers.push([name, value.trimEnd()]);
  }
  onTrailers(trailers);
}

async function readLine(source: Source): Promise<string> {
  let bytes = Buffer.alloc(0);
  for (;;) {
    const more = await source.read();
    if (more === undefined) throw new ClientLost("the body ends in the middle of a chunk");
    bytes = Buffer.concat([bytes, more]);
    const end = bytes.indexOf("\r\n");
    if (end > longestLineBytes || (end < 0 && bytes.length > longestLineBytes))
      throw new ClientLost("a line is too long");
    if (end < 0) continue;
    source.unread(bytes.subarray(end + 2));
    return bytes.toString("latin1", 0, end);
  }
}
