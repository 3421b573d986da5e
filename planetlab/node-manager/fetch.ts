/**
 * One download from PLC: a single HTTPS request, with deadlines, whose every end has a name. The slices document comes so, and conf files do.
 */
import { codeOf } from "../../host/error-code.ts";
import { createDeadline, DeadlineError } from "../../host/deadline.ts";
import type { Host, Socket } from "../../host/host.ts";
import { request, type HttpReply } from "../../host/http.ts";
import { CodingError, decode } from "./coding.ts";
import type { Config } from "./config.ts";
import { NameError, type Directory } from "./directory.ts";

/** How a download ended, as far as names, the network and HTTP can tell: each class of errors is counted by itself. */
export type Outcome =
  | "ok"
  | "timeout"
  | "name"
  | "refused"
  | "reset"
  | "truncated"
  | "tls"
  | "unreachable"
  | "status"
  | "denied"
  | "redirect"
  | "type"
  | "coding"
  | "empty"
  | "too-large";

export interface Transfer {
  /** What came, be it all or not. */
  readonly bytes: Uint8Array;
  readonly outcome: "ok" | "reset" | "truncated";
  /** For how long it has been kept on the way, as far as it says so (RFC 9111, section 5.1). */
  readonly keptMs: number;
}

/** A fetch that brought nothing to look at. Anything else that is thrown here is a bug. */
export class FetchError extends Error {
  override readonly name = "FetchError";
  readonly outcome: Outcome;
  readonly bytes: number;

  constructor(outcome: Outcome, message: string, options: { readonly bytes?: number; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.outcome = outcome;
    this.bytes = options.bytes ?? 0;
  }
}

export interface Download {
  readonly url: string;
  /** XML to ask with, by POST; by default the question is the URL alone. */
  readonly body?: string;
  /** What is taken: the pattern fits the media type. */
  readonly type: { readonly accept: string; readonly pattern: RegExp };
  /** Of all of it; undefined: as long as it lasts. */
  readonly totalMs: number;
  /** In which nothing arrives. */
  readonly idleMs: number;
  /** Unpacked, too. */
  readonly mostBytes: number;
}

export const xml = {
  accept: "application/xml, text/xml",
  pattern: /^(?:application|text)\/(?:[^;\s]*\+)?xml(?:$|[;\s])/i,
};

/** Of whatever says what is wanted on this node. */
export function limitsOf(config: Config): Pick<Download, "totalMs" | "idleMs" | "mostBytes"> {
  const { guards } = config;
  return {
    totalMs: guards.has("fetch-total-deadline") ? config.fetchTotalMs : Infinity,
    idleMs: guards.has("fetch-idle-deadline") ? config.fetchIdleMs : Infinity,
    mostBytes: guards.has("document-limit") ? config.documentLimitBytes : Infinity,
  };
}

/** @throws {FetchError} and the signal's reason. */
export async function download(
  host: Host,
  directory: Directory,
  { url, body: asking, type, totalMs, idleMs, mostBytes }: Download,
  signal: AbortSignal,
): Promise<Transfer> {
  using total = createDeadline(host.clock, totalMs, { signal });
  using idle =
    idleMs === Infinity
      ? { signal: total.signal, feed: nothing, [Symbol.dispose]: nothing }
      : createIdleDeadline(host, idleMs, total.signal);
  const body = createCollector(mostBytes);
  const posted =
    asking === undefined ? {} : { headers: { "content-type": "text/xml" }, request: { method: "POST", body: asking } };
  try {
    const reply = await request(
      watchConnecting(host, directory, () => idle.feed()),
      { url, headers: { accept: type.accept, "accept-encoding": "gzip", ...posted.headers }, ...posted.request },
      { signal: idle.signal },
    );
    idle.feed();
    const refusal = refusalOf(reply, type.pattern);
    if (refusal !== undefined) {
      reply.body.destroy();
      throw refusal;
    }
    const outcome = await collect(reply, (chunk) => {
      idle.feed();
      body.add(chunk);
    });
    if (outcome === "ok" && body.length() === 0) throw new FetchError("empty", "PLC answered with nothing");
    const age = /^\d{1,9}$/.exec(reply.headers.age ?? "")?.[0] ?? 0;
    const keptMs = Number(age) * 1000;
    return { ...decode({ bytes: body.bytes(), outcome }, reply.headers["content-encoding"], mostBytes), keptMs };
  } catch (error) {
    signal.throwIfAborted();
    throw asFetchError(error, body.length());
  }
}

/** Why nothing of the answer is looked at. Redirections are not followed: PLC has no other place, and whoever says so need not be PLC. */
function refusalOf({ status, headers }: HttpReply, pattern: RegExp): FetchError | undefined {
  const { location, "content-type": type } = headers;
  if (status >= 300 && status < 400)
    return new FetchError("redirect", `status ${status} leads to ${location ?? "nowhere"}`);
  if (status !== 200) return new FetchError("status", `PLC answered with status ${status}`);
  if (type !== undefined && !pattern.test(type)) return new FetchError("type", `the answer is ${type}`);
  return undefined;
}

/** Resolves with how the body ended; what came before the end has been handed on. @throws {DeadlineError, FetchError} */
async function collect(reply: HttpReply, take: (chunk: Uint8Array) => void): Promise<Transfer["outcome"]> {
  const { body } = reply;
  const socket: Socket = body.socket;
  const { promise, resolve, reject } = Promise.withResolvers<Transfer["outcome"]>();
  // The body itself calls every early end "aborted"; the socket knows whether it was RST or FIN.
  let cause: unknown;
  socket.once("error", (error: unknown) => (cause = error));
  body.on("data", (chunk: Uint8Array) => {
    try {
      take(chunk);
    } catch (error) {
      body.destroy();
      reject(error);
    }
  });
  // Node ends a body that only the connection delimits on RST as it does on FIN.
  body.once("end", () => resolve(cause === undefined ? "ok" : "reset"));
  body.once("error", (error) => {
    if (codeOf(error) !== "ECONNRESET") reject(error);
  });
  body.once("close", () => resolve(cause === undefined ? "truncated" : "reset"));
  return promise;
}

/** The same host, but it connects to where PLC is, and one hears of each connection that is made. */
function watchConnecting(host: Host, directory: Directory, onConnected: () => void): Host {
  const connect: Host["network"]["connect"] = async (options, waiting) => {
    const socket = await directory.connect(options, waiting);
    onConnected();
    return socket;
  };
  return { ...host, network: { ...host.network, connect } };
}

interface IdleDeadline extends Disposable {
  readonly signal: AbortSignal;
  /** Something has arrived. */
  feed(): void;
}

/** Aborts when it has not been fed for a time. Connecting, its TLS handshake included, is one step: what arrives in between can't be seen. */
function createIdleDeadline(host: Host, milliseconds: number, signal: AbortSignal): IdleDeadline {
  const over = new AbortController();
  const start = (): Disposable => host.clock.timer(milliseconds, () => over.abort(new DeadlineError(milliseconds)));
  let timer = start();
  return {
    signal: AbortSignal.any([signal, over.signal]),
    feed() {
      timer[Symbol.dispose]();
      timer = start();
    },
    [Symbol.dispose]: () => timer[Symbol.dispose](),
  };
}

function createCollector(mostBytes: number) {
  const chunks: Uint8Array[] = [];
  let length = 0;
  return {
    length: () => length,
    bytes: () => Buffer.concat(chunks),
    add(chunk: Uint8Array) {
      length += chunk.length;
      if (length > mostBytes) throw new FetchError("too-large", `the answer is larger than ${mostBytes} bytes`);
      chunks.push(chunk);
    },
  };
}

function asFetchError(error: unknown, bytes: number): FetchError {
  if (error instanceof FetchError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new FetchError(outcomeOf(error), message, { bytes, cause: error });
}

/** What Node and OpenSSL call what is wrong with a handshake or a certificate. */
const secure = /^(?:CERT_|ERR_TLS_|ERR_SSL_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_|EPROTO$)/;

function outcomeOf(error: unknown): Outcome {
  if (error instanceof NameError) return "name";
  if (error instanceof CodingError) return error.why;
  if (error instanceof DeadlineError) return "timeout";
  if (secure.test(String(codeOf(error)))) return "tls";
  switch (codeOf(error)) {
    case "ECONNREFUSED":
      return "refused";
    case "ETIMEDOUT":
      return "timeout";
    case "ECONNRESET":
    case "EPIPE":
      // Node invents an ECONNRESET when the peer hangs up before it has answered; only a real one comes from a system call.
      return error instanceof Error && "syscall" in error ? "reset" : "truncated";
    default:
      return "unreachable";
  }
}

function nothing(): void {}
