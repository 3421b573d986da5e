/**
 * What the harness and a gate say to one another, over any pair of pipes: HTTP/2 (RFC 9113) without a port, for its streams, its flow control and
 * its cancellation. An operation is a stream; what lasts, lasts as long as its stream does, so that nothing outlives the harness that asked for it.
 *
 *     harness ── POST /link.inject, one JSON line ──────────────► gate
 *             ◄── { "value": … }, then { "news": … } per hit ────
 *             ── end of the request: lift ───────────────────────►
 *             ◄── end of the reply: lifted ──────────────────────
 *
 *     harness ── CONNECT 198.18.0.2:443 ── bytes ◄──► bytes ─────  gate ── TCP ──► service
 */
import { connect, constants, performServerHandshake } from "node:http2";
import type { ClientHttp2Stream, Http2Stream, ServerHttp2Stream } from "node:http2";
import { createInterface } from "node:readline";
import type { Duplex } from "node:stream";
import { z } from "zod";
import { WorldError } from "../../errors.ts";

/** What an operation gives back. What lasts is disposed of when nobody wants it any more. */
export interface Answer {
  readonly value?: unknown;
  readonly lasting?: AsyncDisposable | undefined;
}

export interface Operating {
  /** Tells of something that has happened meanwhile. */
  readonly tell: (news: unknown) => void;
  /** Aborted when nobody waits any more. */
  readonly signal: AbortSignal;
}

/** What was asked is any JSON: each operation reads it by a schema. */
export type Operation = (input: unknown, operating: Operating) => Promise<Answer>;

export interface ServeOptions {
  readonly pipe: Duplex;
  readonly operations: Readonly<Record<string, Operation>>;
  /** For CONNECT. */
  readonly connect: (host: string, port: number) => Promise<Duplex>;
}

const reply = z.union([
  z.strictObject({ value: z.unknown() }),
  z.strictObject({ news: z.unknown() }),
  z.strictObject({ error: z.object({ message: z.string(), world: z.boolean(), code: z.string().optional() }) }),
]);
type Reply = z.output<typeof reply>;

const { HTTP2_HEADER_METHOD, HTTP2_HEADER_PATH, HTTP2_HEADER_STATUS, HTTP2_HEADER_AUTHORITY } = constants;
const codeHeader = "x-code";

/** Resolves when the harness is gone, and all that lasted is disposed of. */
export async function serveGate({ pipe, operations, connect: dial }: ServeOptions): Promise<void> {
  const session = performServerHandshake(pipe);
  const working = new Set<Promise<void>>();
  const over = new AbortController();
  session.on("stream", (stream, headers) => {
    stream.on("error", () => {});
    const method = headers[HTTP2_HEADER_METHOD];
    const work =
      method === "CONNECT"
        ? serveConnection(stream, String(headers[HTTP2_HEADER_AUTHORITY]), dial)
        : serveOperation(stream, operations[String(headers[HTTP2_HEADER_PATH]).slice(1)], over.signal);
    working.add(work);
    void work.finally(() => working.delete(work));
  });
  // Either end may break; what follows is the same.
  session.on("error", () => {});
  await new Promise<void>((resolve) => session.once("close", resolve));
  over.abort();
  await Promise.allSettled(working);
}

async function serveOperation(
  stream: ServerHttp2Stream,
  operation: Operation | undefined,
  over: AbortSignal,
): Promise<void> {
  const say = (line: Reply): void => void (stream.writable && stream.write(`${JSON.stringify(line)}\n`));
  const unwanted = new AbortController();
  const gone = Promise.withResolvers<void>();
  const end = (): void => {
    unwanted.abort();
    gone.resolve();
  };
  stream.once("end", end).once("close", end);
  over.addEventListener("abort", end);
  stream.respond({ [HTTP2_HEADER_STATUS]: 200 });
  try {
    const input = await firstLine(stream);
    if (operation === undefined) throw new Error("the gate knows no such operation: are both of the same version?");
    const tell = (news: unknown): void => say({ news });
    const { value, lasting } = await operation(input, { tell, signal: unwanted.signal });
    say({ value: value ?? null });
    if (lasting !== undefined) {
      await gone.promise;
      await lasting[Symbol.asyncDispose]();
    }
  } catch (error) {
    say({ error: describe(error) });
  } finally {
    over.removeEventListener("abort", end);
    stream.end();
    stream.resume();
  }
}

/** The rest of the stream is left to be read. */
async function firstLine(stream: Duplex): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  let text = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    if (text.endsWith("\n")) return;
    text += chunk;
    if (!text.endsWith("\n")) return;
    try {
      resolve(JSON.parse(text));
    } catch (error) {
      reject(error);
    }
  });
  stream.once("close", () => reject(new Error("the request was cut off")));
  return promise;
}

function describe(error: unknown): { message: string; world: boolean; code?: string } {
  const world = error instanceof WorldError;
  const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
  const message = error instanceof Error ? (world ? error.message : (error.stack ?? error.message)) : String(error);
  return { message, world, ...(code !== undefined && { code }) };
}

async function serveConnection(
  stream: ServerHttp2Stream,
  authority: string,
  dial: ServeOptions["connect"],
): Promise<void> {
  const { hostname, port } = new URL(`tcp://${authority}`);
  try {
    const socket = await dial(hostname, Number(port));
    socket.on("error", () => stream.close(constants.NGHTTP2_CONNECT_ERROR));
    socket.once("close", () => stream.end());
    stream.once("close", () => socket.destroy());
    if (stream.destroyed) socket.destroy();
    else stream.respond({ [HTTP2_HEADER_STATUS]: 200 });
    stream.pipe(socket).pipe(stream);
  } catch (error) {
    if (!stream.destroyed)
      stream.respond({ [HTTP2_HEADER_STATUS]: 502, [codeHeader]: describe(error).code ?? "EIO" }, { endStream: true });
  }
}

/** What lasts at the gate, until it is disposed of. */
export interface Held extends AsyncDisposable {
  readonly value: unknown;
}

export interface Gate {
  /** @throws {WorldError} if the gate says so, or is gone. */
  ask(operation: string, input: unknown): Promise<unknown>;
  /** The same for what lasts; `onNews` is called with all that it tells. */
  hold(operation: string, input: unknown, onNews: (news: unknown) => void): Promise<Held>;
  /** A connection from the gate's place. @throws {Error} with `code` ECONNREFUSED and so on. */
  connect(host: string, port: number, waiting?: { readonly signal?: AbortSignal }): Promise<Duplex>;
  /** Resolves when the pipe is closed, from whatever side. */
  readonly closed: Promise<void>;
  /** Ends the conversation: all that lasts at the gate is lifted. */
  close(): void;
}

export function openGate(pipe: Duplex): Gate {
  const session = connect("http://gate", { createConnection: () => pipe });
  session.on("error", () => {});
  const closed = new Promise<void>((resolve) => session.once("close", resolve));
  const request = (headers: Readonly<Record<string, string>>): ClientHttp2Stream => {
    if (session.destroyed || session.closed) throw isGone();
    return session.request(headers, { endStream: false }).on("error", () => {});
  };

  const hold: Gate["hold"] = async (operation, input, onNews) => {
    const stream = request({ [HTTP2_HEADER_METHOD]: "POST", [HTTP2_HEADER_PATH]: `/${operation}` });
    const first = Promise.withResolvers<unknown>();
    let failure: Error | undefined;
    const ended = endOf(stream);
    // Each of them before the end.
    createInterface({ input: stream }).on("line", (line) => {
      const told = reply.parse(JSON.parse(line));
      if ("news" in told) onNews(told.news);
      else if ("value" in told) first.resolve(told.value);
      else first.reject((failure = errorOf(operation, told.error)));
    });
    void ended.then(() => first.reject(isGone()));
    stream.write(`${JSON.stringify(input ?? null)}\n`);
    const value = await first.promise.catch((error: unknown) => {
      // Nothing lasts, and a conversation does not end while one of its questions is open.
      stream.end();
      throw error;
    });
    return {
      value,
      async [Symbol.asyncDispose]() {
        stream.end();
        await ended;
        if (failure !== undefined) throw failure;
      },
    };
  };

  return {
    hold,
    async ask(operation, input) {
      await using held = await hold(operation, input, () => {});
      return held.value;
    },
    async connect(host, port, { signal } = {}) {
      signal?.throwIfAborted();
      const stream = request({ [HTTP2_HEADER_METHOD]: "CONNECT", [HTTP2_HEADER_AUTHORITY]: `${host}:${port}` });
      const abort = (): void => stream.close(constants.NGHTTP2_CANCEL);
      signal?.addEventListener("abort", abort, { once: true });
      const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
      stream.once("response", (headers) => {
        if (Number(headers[HTTP2_HEADER_STATUS]) === 200) resolve(stream);
        else reject(Object.assign(new Error(`connect ${host}:${port}`), { code: String(headers[codeHeader]) }));
      });
      stream.once("close", () => reject(signal?.aborted === true ? (signal.reason as Error) : isGone()));
      return promise.finally(() => signal?.removeEventListener("abort", abort));
    },
    closed,
    close: () => session.close(),
  };
}

function isGone(): WorldError {
  return new WorldError("the gate is gone: its container has ended, or the engine no longer answers");
}

function errorOf(operation: string, { message, world, code }: Extract<Reply, { error: unknown }>["error"]): Error {
  const error = world ? new WorldError(message) : new Error(`the gate failed at ${operation}: ${message}`);
  return code === undefined ? error : Object.assign(error, { code });
}

function endOf(stream: Http2Stream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.closed) resolve();
    stream.once("end", resolve).once("close", resolve);
  });
}
