/** The control API on its port: who may ask, how large and how slow a request may be, and what every reply carries. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Address, Host, Socket } from "../../host/host.ts";
import { serveHttp } from "../../host/http.ts";
import { ApiError } from "./errors.ts";
import type { Events } from "./events.ts";
import { renderMetrics } from "./metrics.ts";
import { failure, plain, type Reply } from "./reply.ts";
import { createRouter } from "./routes.ts";
import { createPatience } from "./patience.ts";
import type { ProxyTable } from "./table.ts";

export interface ApiOptions {
  readonly host: Host;
  readonly listen: Address;
  readonly table: ProxyTable;
  readonly events: Events;
  readonly metrics: boolean;
  /** The certificate of the authority that makes those which proxies show: PEM. */
  readonly authority: () => Promise<string>;
  /** More metrics, of the process. */
  readonly runtimeMetrics?: () => string;
  /** Names that a request may be addressed to, besides those of loopback while it is bound there; empty elsewhere: any. */
  readonly allowedHosts: readonly string[];
}

export interface Api extends AsyncDisposable {
  readonly address: Address;
}

const largestBody = 1024 * 1024;
const longestBodyMs = 15_000;
/** Of a stream of events. */
const mostUnread = 8 * 1024 * 1024;

/** @throws {Error} with `code` EADDRINUSE and so on if it can't listen. */
export async function startApi(options: ApiOptions): Promise<Api> {
  const { host, listen, table, events, allowedHosts, runtimeMetrics = () => "" } = options;
  const find = createRouter({
    host,
    table,
    events,
    authority: options.authority,
    withMetrics: options.metrics,
    metrics: () => renderMetrics(table) + runtimeMetrics(),
  });
  const nextRequestId = createRequestIds(host);
  const mayAsk = hostCheck(listen, allowedHosts);
  const patience = createPatience(host.clock);

  async function reply(request: IncomingMessage): Promise<Reply> {
    if (!mayAsk(request.headers.host ?? ""))
      return failure(
        new ApiError(
          403,
          `host ${request.headers.host ?? "(none)"} not allowed: use localhost, or start with --allow-host`,
        ),
      );
    const path = (request.url ?? "").replace(/[?#].*$/s, "").replace(/^https?:\/\/[^/]*/i, "");
    const action = find(request.method ?? "", path);
    if (typeof action !== "function") return action;
    const lastEventId = request.headers["last-event-id"]?.toString();
    const reply = isBrowser(request)
      ? plain(403, "User agent not allowed\n")
      : await action({ body: await bodyOf(request), lastEventId });
    return { ...reply, headers: { ...reply.headers, "X-Toxiproxy-Request-Id": nextRequestId() } };
  }

  /** What is too large or too slow is not waited for. */
  async function bodyOf(request: IncomingMessage): Promise<string> {
    const chunks: Uint8Array[] = [];
    let length = 0;
    using timer = new DisposableStack();
    timer.use(host.clock.timer(longestBodyMs, () => request.destroy()));
    if (Number(request.headers["content-length"]) > largestBody) throw tooLarge(request);
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
      length += chunk.length;
      if (length > largestBody) throw tooLarge(request);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString("utf8");
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Whoever is gone needs no answer.
    request.on("error", () => undefined);
    response.on("error", () => undefined);
    patience.asked(request.socket, response);
    try {
      const { follow, ...whole } = await reply(request);
      if (follow === undefined) send(response, whole);
      else stream(request, response, whole, follow);
    } catch (error) {
      if (request.destroyed && !request.complete) return;
      // What is a bug is told, and ends neither the daemon nor its proxies.
      if (!(error instanceof ApiError)) host.log("api.bug", { stack: error instanceof Error ? error.stack : error });
      const shown = error instanceof ApiError ? error : new ApiError(500, String(error), { cause: error });
      send(response, failure(shown));
    }
  }

  /** Whoever does not keep up is not buffered for. */
  function stream(
    { socket }: IncomingMessage,
    response: ServerResponse,
    { status, headers }: Reply,
    follow: NonNullable<Reply["follow"]>,
  ): void {
    if (response.destroyed) return;
    patience.streaming(socket);
    response.writeHead(status, { ...headers, Connection: "close" });
    response.flushHeaders();
    const following = follow((text) => {
      response.write(text);
      if (socket.writableLength > mostUnread) socket.destroy();
    });
    response.once("close", () => following[Symbol.dispose]());
    // Who has nothing more to say listens no longer, either: a half-closed one would be noticed at the next heartbeat only.
    socket.once("end", () => socket.destroy());
  }

  const onConnection = (socket: Socket): void => patience.connected(socket);
  const server = await serveHttp(host, { ...listen, onConnection }, handle);
  return { address: server.address, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

/** Read to its end all the same, and dropped: hung up on, its sender might never see the answer. */
function tooLarge(request: IncomingMessage): ApiError {
  request.resume();
  return new ApiError(413, `bad request body: larger than ${largestBody} bytes`);
}

function send(response: ServerResponse, { status, headers, body }: Reply): void {
  const length = status === 204 ? {} : { "Content-Length": Buffer.byteLength(body) };
  response.writeHead(status, { ...headers, ...length });
  response.end(body);
}

/** Against pages of browsers that were led here. */
function isBrowser({ headers }: IncomingMessage): boolean {
  return headers["user-agent"]?.startsWith("Mozilla/") ?? false;
}

/** Of a `Host` header, without its port. */
function nameOf(header: string): string {
  return header
    .replace(/:\d*$/, "")
    .replace(/^\[(.*)\]$/, "$1")
    .toLowerCase();
}

function hostCheck(listen: Address, allowed: readonly string[]): (header: string) => boolean {
  const names = new Set(allowed.map((name) => name.toLowerCase()));
  const bound = isLoopback(listen.host);
  return (header) => {
    const name = nameOf(header);
    if (names.has(name)) return true;
    return bound ? isLoopback(name) : names.size === 0;
  };
}

export function isLoopback(name: string): boolean {
  return name === "localhost" || name === "::1" || /^127(?:\.\d{1,3}){3}$/.test(name);
}

/** Twenty characters of base 32, as an xid: seconds, five bytes of this daemon, and a counter. */
function createRequestIds(host: Host): () => string {
  const own = host.random.bytes(5);
  let count = 0;
  return () => {
    count = (count + 1) % 2 ** 24;
    const bytes = Buffer.alloc(12);
    bytes.writeUInt32BE(Math.floor(host.clock.wall() / 1000) >>> 0, 0);
    bytes.set(own, 4);
    bytes.writeUIntBE(count, 9, 3);
    const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
    return (bits.padEnd(100, "0").match(/.{5}/g) ?? []).map((five) => Number.parseInt(five, 2).toString(32)).join("");
  };
}
