/** The control API in tests: real sockets on free ports, and requests as raw as they come. */
import { once } from "node:events";
import { request as requestHttp, type IncomingHttpHeaders } from "node:http";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import type { Clock, Host } from "../../host/host.ts";
import { createRealHost, type Identity } from "../../host/real.ts";
import { createEvents } from "./events.ts";
import { startApi } from "./server.ts";
import { createProxyTable } from "./table.ts";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface TestApi extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  readonly events: readonly { readonly event: string; readonly fields: Readonly<Record<string, unknown>> }[];
  /** A body that is no text is sent as JSON. */
  call(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
}

export interface TestApiOptions {
  readonly seed?: number;
  readonly metrics?: boolean;
  readonly listen?: string;
  readonly allowedHosts?: readonly string[];
  /** That of the API's own deadlines; proxies keep the real one. */
  readonly clock?: Clock;
  readonly wrap?: (host: Host) => Host;
  readonly identity?: Identity;
  readonly authority?: () => Promise<string>;
}

export async function startTestApi(options: TestApiOptions = {}): Promise<TestApi> {
  const {
    seed = 1,
    metrics = false,
    identity = {},
    listen = "127.0.0.1",
    allowedHosts = [],
    wrap = (host: Host) => host,
  } = options;
  const events: { event: string; fields: Readonly<Record<string, unknown>> }[] = [];
  const host = wrap(
    createRealHost({
      name: "api",
      directory: "/",
      seed,
      identity,
      log: (event, fields = {}) => void events.push({ event, fields }),
    }),
  );
  const { clock = host.clock } = options;
  const ring = createEvents(() => host.clock.wall());
  const table = createProxyTable({
    host,
    seed,
    onEvent(event, fields) {
      events.push({ event, fields });
      ring.record(event, fields);
    },
    onMessage(message, bytes, tell) {
      events.push(tell(message, bytes));
      ring.recordMessage(message, bytes, tell);
    },
  });
  const api = await startApi({
    host: { ...host, clock },
    listen: { host: listen, port: 0 },
    table,
    events: ring,
    metrics,
    allowedHosts,
    authority: options.authority ?? (async () => ""),
  });
  const { port } = api.address;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    events,
    async call(method, path, body, headers = {}) {
      const outgoing = requestHttp({ host: "127.0.0.1", port, method, path, headers, agent: false });
      outgoing.on("error", () => undefined);
      outgoing.end(body === undefined || typeof body === "string" ? body : JSON.stringify(body));
      const [incoming] = await once(outgoing, "response");
      let text = "";
      for await (const chunk of incoming.setEncoding("utf8")) text += String(chunk);
      return { status: incoming.statusCode, headers: incoming.headers, text };
    },
    async [Symbol.asyncDispose]() {
      await table[Symbol.asyncDispose]();
      await api[Symbol.asyncDispose]();
    },
  };
}

export interface TestServer extends AsyncDisposable {
  readonly address: string;
  /** Ends all connections at once. */
  hangUp(): void;
}

/** A server that does with each connection what `onConnection` says. */
export async function startServer(onConnection: (socket: Socket) => void): Promise<TestServer> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
    onConnection(socket);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const hangUp = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    hangUp,
    async [Symbol.asyncDispose]() {
      server.close();
      hangUp();
    },
  };
}

export function startEcho(): Promise<TestServer> {
  return startServer((socket) => void socket.pipe(socket));
}

export interface Talk extends Disposable {
  readonly socket: Socket;
  /** How it ended: `end`, or the code of an error. */
  readonly ended: Promise<string>;
  send(text: string): void;
  /** Once so much has come, all of it. */
  until(length: number): Promise<string>;
  got(): string;
}

export async function talkTo(listen: string): Promise<Talk> {
  const socket = connect({ host: "127.0.0.1", port: Number(listen.split(":").at(-1)), allowHalfOpen: true });
  await once(socket, "connect");
  let got = "";
  let waiting: (() => void) | undefined;
  const { promise: ended, resolve } = Promise.withResolvers<string>();
  socket.setEncoding("latin1").on("data", (text: string) => {
    got += text;
    waiting?.();
  });
  socket
    .on("end", () => resolve("end"))
    .on("error", (error) => resolve("code" in error ? String(error.code) : "error"));
  return {
    socket,
    ended,
    got: () => got,
    send: (text) => void socket.write(text),
    until: (length) =>
      new Promise((done) => {
        waiting = () => {
          if (got.length >= length) done(got);
        };
        waiting();
      }),
    [Symbol.dispose]: () => void socket.destroy(),
  };
}
