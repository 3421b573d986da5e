/**
 * A reply on its way to the client, by our own hand: whatever head it has, however its end is told, and how fast.
 *
 *     head ──► interim replies, status line, headers ──► body, framed ──► trailers
 */
import type { Clock, Socket } from "../../host/host.ts";
import type { Framing, Headers, HttpReply, Interim } from "../../faults/http/message.ts";
import { headerOf, withHeader, withoutHeader } from "../../faults/http/message.ts";

export interface DeliveryOptions {
  readonly client: Socket;
  readonly clock: Clock;
  readonly reply: HttpReply;
  /** As the server has it. */
  readonly version: string;
  readonly request: { readonly method: string; readonly version: "1.0" | "1.1" };
  /** What passes as it comes, unless the reply has a body of its own. */
  readonly passing: AsyncIterable<Uint8Array>;
  /** Whether the server's reply can have a body, whatever a fault has made of its status. */
  readonly bodied: boolean;
  /** Those of the server, once the body has passed. */
  readonly trailers: () => Headers;
  /** The cut has taken something, or the pace has held something up. */
  readonly onCut: () => void;
  readonly onPace: () => void;
  /** Aborts when nothing is held up any longer. */
  readonly unpaced: AbortSignal;
}

export interface Delivered {
  /** Of the body. */
  readonly bytes: number;
  /** The client can't ask again on this connection. */
  readonly ends: boolean;
  /** The body did not come to its end. */
  readonly broken: boolean;
}

/** How many times a second a paced body goes on at most: less often, bytes come in lumps that nobody would call a drip. */
const paceSteps = 20;

/** Never rejects. */
export async function deliver(options: DeliveryOptions): Promise<Delivered> {
  const { client, reply, request, passing } = options;
  const framing = framingOf(options);
  for (const interim of reply.interim ?? []) await write(client, interimBytes(interim));
  const headers = reply.verbatim === true ? reply.headers : headersFor(reply.headers, framing);
  await write(client, headBytes(`HTTP/${options.version} ${reply.status} ${reply.reason}`, headers));
  // A fault may have given a body to what can't have one, or such a status to what has one.
  const bodied = options.bodied || reply.body !== undefined || hasBody(request.method, reply.status);
  if (request.method === "HEAD" || !bodied) {
    await drain(passing);
    return { bytes: 0, ends: false, broken: false };
  }
  const chunked = framing.type === "chunked";
  let bytes = 0;
  let cut = false;
  try {
    for await (const piece of cutAt(bodyOf(options), reply.cut, () => (cut = true))) {
      if (client.destroyed) break;
      bytes += piece.length;
      await write(client, chunked ? chunkOf(piece) : piece);
    }
  } catch {
    return { bytes, ends: true, broken: true };
  }
  if (cut) options.onCut();
  else if (chunked && framing.terminated) await write(client, endOfChunks(reply.trailers ?? options.trailers()));
  // What another body has taken the place of has to be out of the way of the next reply.
  if (reply.body !== undefined) await drain(passing);
  const short = framing.type === "content-length" && bytes < framing.bytes;
  const ends = cut || framing.type === "close" || (chunked && !framing.terminated) || short;
  return { bytes, ends, broken: false };
}

/** To its end, or to where it breaks. */
export async function drain(pieces: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    for await (const piece of pieces) void piece;
  } catch {
    // Nobody wanted it.
  }
}

/** RFC 9110, section 6.4.1. */
export function hasBody(method: string, status: number): boolean {
  return method !== "HEAD" && status >= 200 && status !== 204 && status !== 304;
}

export function interimBytes({ status, reason, headers }: Interim): Buffer {
  return headBytes(`HTTP/1.1 ${status} ${reason}`, headers);
}

/** Resolves when there is room for more, or nobody to write to. */
export async function write(socket: Socket, bytes: Uint8Array): Promise<void> {
  if (socket.destroyed || socket.writableEnded || bytes.length === 0 || socket.write(bytes)) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      socket.off("drain", done).off("close", done);
      resolve();
    };
    socket.on("drain", done).on("close", done);
  });
}

function framingOf({ reply, request }: DeliveryOptions): Framing {
  if (reply.framing !== undefined) return reply.framing;
  const { headers, body } = reply;
  if (headerOf(headers, "transfer-encoding") !== undefined) {
    return request.version === "1.0" ? { type: "close" } : { type: "chunked", terminated: true };
  }
  const stated = headerOf(headers, "content-length");
  // What no number is, and what is not stated, can't be reached.
  if (reply.verbatim === true)
    return { type: "content-length", bytes: /^\d+$/.test(stated ?? "") ? Number(stated) : Infinity };
  if (body !== undefined) return { type: "content-length", bytes: body.length };
  return stated === undefined ? { type: "close" } : { type: "content-length", bytes: Number(stated) };
}

/** With one word at most about the body's end, and the one that was there if it says the same. */
function headersFor(headers: Headers, framing: Framing): Headers {
  switch (framing.type) {
    case "content-length": {
      const plain = withoutHeader(headers, "transfer-encoding");
      return headerOf(plain, "content-length") === String(framing.bytes)
        ? plain
        : withHeader(plain, "Content-Length", String(framing.bytes));
    }
    case "chunked": {
      const plain = withoutHeader(headers, "content-length");
      return headerOf(plain, "transfer-encoding") === undefined
        ? withHeader(plain, "Transfer-Encoding", "chunked")
        : plain;
    }
    case "close":
      return withoutHeader(withoutHeader(headers, "content-length"), "transfer-encoding");
    default:
      return framing satisfies never;
  }
}

async function* bodyOf({ reply, passing, clock, unpaced, onPace }: DeliveryOptions): AsyncGenerator<Uint8Array> {
  const pieces = reply.body === undefined ? passing : [reply.body];
  const { pace } = reply;
  if (pace === undefined) {
    yield* pieces;
    return;
  }
  const step = Math.max(1, Math.round(pace / paceSteps));
  let due = clock.monotonic();
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length;) {
      const length = unpaced.aborted ? piece.length - at : step;
      const part = piece.subarray(at, at + length);
      at += part.length;
      if (!unpaced.aborted) {
        due = Math.max(due, clock.monotonic()) + (part.length / pace) * 1000;
        onPace();
        await clock.sleep(due - clock.monotonic(), { signal: unpaced }).catch(() => undefined);
      }
      yield part;
    }
  }
}

async function* cutAt(
  pieces: AsyncIterable<Uint8Array>,
  limit: number | undefined,
  onCut: () => void,
): AsyncGenerator<Uint8Array> {
  let left = limit ?? Infinity;
  for await (const piece of pieces) {
    if (piece.length > left) {
      if (left > 0) yield piece.subarray(0, left);
      onCut();
      return;
    }
    left -= piece.length;
    yield piece;
  }
}

function headBytes(start: string, headers: Headers): Buffer {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${start}\r\n${lines.join("")}\r\n`, "latin1");
}

function chunkOf(piece: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from("\r\n")]);
}

function endOfChunks(trailers: Headers): Buffer {
  return Buffer.concat([Buffer.from("0\r\n"), headBytes("", trailers).subarray(2)]);
}
