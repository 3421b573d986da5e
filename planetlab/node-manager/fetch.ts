/**
 * One fetch of the slices document: a single HTTPS request, with deadlines, whose every end has a name.
 */
import { createDeadline, DeadlineError } from "../../host/deadline.ts";
import type { Host, Socket } from "../../host/host.ts";
import { request, type HttpReply } from "../../host/http.ts";
import type { Config } from "./config.ts";
import type { Place } from "./document.ts";
import type { Directory } from "./directory.ts";

/** How a fetch ended, as far as the network and HTTP can tell. */
export type Outcome = "ok" | "timeout" | "refused" | "reset" | "truncated" | "unreachable" | "status" | "too-large";

export interface Transfer {
  /** What came, be it all or not. */
  readonly bytes: Uint8Array;
  readonly outcome: "ok" | "reset" | "truncated";
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

const documentLimitBytes = 64 * 1024 * 1024;

/** `place`: of the last document that was applied. @throws {FetchError} and the signal's reason. */
export async function fetchDocument(
  host: Host,
  config: Config,
  directory: Directory,
  { place, signal }: { readonly place: Place | undefined; readonly signal: AbortSignal },
): Promise<Transfer> {
  const { guards } = config;
  using total = guards.has("fetch-total-deadline")
    ? createDeadline(host.clock, config.fetchTotalMs, { signal })
    : { signal, [Symbol.dispose]: nothing };
  using idle = guards.has("fetch-idle-deadline")
    ? createIdleDeadline(host, config.fetchIdleMs, total.signal)
    : { signal: total.signal, feed: nothing, [Symbol.dispose]: nothing };
  const body = createCollector();
  try {
    const url = new URL(config.path, config.plc);
    url.searchParams.set("node", String(config.nodeId));
    // So that PLC need not go on saying what was deleted before.
    if (place !== undefined) url.searchParams.set("applied", `${place.epoch}.${place.serial}`);
    const reply = await request(
      watchConnecting(host, directory, () => idle.feed()),
      { url: url.href, headers: { accept: "application/xml" } },
      { signal: idle.signal },
    );
    idle.feed();
    if (reply.status !== 200) {
      reply.body.destroy();
      throw new FetchError("status", `PLC answered with status ${reply.status}`);
    }
    const outcome = await collect(reply, (chunk) => {
      idle.feed();
      body.add(chunk);
    });
    return { bytes: body.bytes(), outcome };
  } catch (error) {
    signal.throwIfAborted();
    throw asFetchError(error, body.length());
  }
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

function createCollector() {
  const chunks: Uint8Array[] = [];
  let length = 0;
  return {
    length: () => length,
    bytes: () => Buffer.concat(chunks),
    add(chunk: Uint8Array) {
      length += chunk.length;
      if (length > documentLimitBytes)
        throw new FetchError("too-large", `the document is larger than ${documentLimitBytes} bytes`);
      chunks.push(chunk);
    },
  };
}

function asFetchError(error: unknown, bytes: number): FetchError {
  if (error instanceof FetchError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new FetchError(outcomeOf(error), message, { bytes, cause: error });
}

function outcomeOf(error: unknown): Outcome {
  if (error instanceof DeadlineError) return "timeout";
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

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

function nothing(): void {}
