/**
 * HTTP over host sockets, by Node's own `http`: so that a program speaks it in every world.
 *
 *     serveHttp ──► host.network.listen ──► http.Server (never listens itself)
 *     request   ──► host.network.connect ──► http.request (one connection a request)
 *
 * Node's timeouts are off; a deadline is a signal of the caller's (`createDeadline`). Nothing here reads a clock: a program that wants a `Date`
 * header writes it.
 */
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { Address, Host, Listener, ListenOptions, Socket, Waiting } from "./host.ts";

/** Not imported: that would load all that it exports, a WebSocket client too, and cost every program a third of its start. */
const { createServer, request: requestHttp } = process.getBuiltinModule("node:http");

/** An error that escapes it is a crash of the program, like any other. */
export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

export interface ServeOptions extends ListenOptions {
  /** Each client, before it has asked for anything: so that it can be given a deadline. */
  readonly onConnection?: (socket: Socket) => void;
}

/** Disposing closes the door and destroys the connections. */
export async function serveHttp(host: Host, options: ServeOptions, handler: HttpHandler): Promise<Listener> {
  const { onConnection, ...listen } = options;
  const server = createServer({ keepAliveTimeout: 0, headersTimeout: 0, requestTimeout: 0 });
  // A client may close its half once it has asked (RFC 9112, section 9.6), and still wants its answer: Node would end the connection then.
  Object.assign(server, { httpAllowHalfOpen: true });
  server.on("request", (request, response) => {
    response.sendDate = false;
    void handler(request, response);
  });
  const sockets = new Set<Socket>();
  const listener = await host.network.listen({ halfOpen: true, ...listen }, (socket) => {
    sockets.add(socket);
    onConnection?.(socket);
    socket.once("close", () => sockets.delete(socket));
    server.emit("connection", socket);
  });
  return {
    address: listener.address,
    silence: () => listener.silence(),
    async [Symbol.asyncDispose]() {
      await listener[Symbol.asyncDispose]();
      for (const socket of sockets) socket.destroy();
    },
  };
}

export interface HttpRequest {
  /** Either a whole URL, or an address and a path. */
  readonly url?: string;
  readonly address?: Address;
  readonly path?: string | undefined;
  /** With `address`; a URL says it by its scheme. */
  readonly tls?: boolean;
  readonly method?: string | undefined;
  readonly headers?: OutgoingHttpHeaders | undefined;
  readonly body?: string | Uint8Array | undefined;
}

export interface HttpReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /**
   * Must be read to its end or destroyed. Iterating throws the signal's reason if that aborts, and ECONNRESET if the connection ends before the
   * body does; a body that only the end of the connection delimits can't be known to be whole.
   */
  readonly body: IncomingMessage;
}

/** The signal holds until the body has ended. */
export async function request(host: Host, options: HttpRequest, { signal }: Waiting = {}): Promise<HttpReply> {
  const { method = "GET", headers = {}, body } = options;
  const target = locate(options);
  const socket = await host.network.connect(target, { ...(signal && { signal }) });
  const outgoing = requestHttp({
    host: target.host,
    port: target.port,
    defaultPort: target.tls ? 443 : 80,
    path: target.path,
    method,
    headers,
    createConnection: () => socket,
  });

  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  let reply: IncomingMessage | undefined;
  const abort = (): void => {
    reply?.destroy(signal?.reason);
    outgoing.destroy(signal?.reason);
  };
  signal?.addEventListener("abort", abort);
  socket.once("close", () => signal?.removeEventListener("abort", abort));
  // An error after the reply has begun comes out of its body as well.
  outgoing.on("error", reject);
  outgoing.once("response", (message) => {
    reply = message;
    resolve(message);
  });
  if (signal?.aborted === true) abort();
  else outgoing.end(body);

  const message = await promise;
  return { status: message.statusCode ?? 0, headers: message.headers, body: message };
}

interface Target extends Address {
  readonly tls: boolean;
  readonly path: string;
}

function locate({ url, address, path = "/", tls = false }: HttpRequest): Target {
  if (url === undefined) {
    if (address === undefined) throw new TypeError("a request needs a url or an address");
    return { ...address, tls, path };
  }
  const { protocol, hostname, port, pathname, search } = new URL(url);
  const secure = protocol === "https:";
  return {
    host: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: port === "" ? (secure ? 443 : 80) : Number(port),
    tls: secure,
    path: `${pathname}${search}`,
  };
}
