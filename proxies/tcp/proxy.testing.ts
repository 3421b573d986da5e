/** What tests of the proxy begin with: a server of their own, a proxy in front of it, and clients. Sockets are Node's, on loopback. */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { afterEach } from "vitest";
import { stream } from "../../faults/random.ts";
import { faults } from "../../faults/registry.ts";
import type { TcpFault } from "../../faults/tcp/contract.ts";
import { createRealHost } from "../../host/real.ts";
import { startTcpProxy, type ProxyEvent, type TcpInjection, type TcpProxy, type TcpProxyOptions } from "./proxy.ts";

export const host = createRealHost({ name: "harness", directory: ".", seed: 1 });

let stack = new AsyncDisposableStack();
afterEach(disposeAll);

/** Everything that was started for a test goes at its end, or earlier. */
export async function disposeAll(): Promise<void> {
  await stack.disposeAsync();
  stack = new AsyncDisposableStack();
}

export function defer(disposal: () => unknown): void {
  stack.defer(async () => void (await disposal()));
}

/** A server of the test's own, half-open, whose accepted sockets can be awaited in order. */
export async function startServer(): Promise<{
  readonly port: number;
  readonly accept: () => Promise<Socket>;
  readonly server: Server;
}> {
  // As many may be awaited at a time as somebody likes.
  const server = createServer({ allowHalfOpen: true }).setMaxListeners(0);
  const sockets = new Set<Socket>();
  const waiting: Socket[] = [];
  server.on("connection", (socket) => {
    sockets.add(socket);
    waiting.push(socket);
    socket.on("error", () => undefined);
    server.emit("accepted");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  stack.defer(async () => {
    for (const socket of sockets) socket.destroy();
    if (server.listening) {
      server.close();
      await once(server, "close");
    }
  });
  return {
    port: (server.address() as AddressInfo).port,
    server,
    async accept() {
      while (waiting.length === 0) await once(server, "accepted");
      return waiting.shift() as Socket;
    },
  };
}

export interface Proxied {
  readonly proxy: TcpProxy;
  readonly events: readonly ProxyEvent[];
  /** Resolves with the first close event of a connection. */
  readonly closed: (connection?: number) => Promise<Extract<ProxyEvent, { type: "close" }>>;
  readonly accept: () => Promise<Socket>;
  readonly connect: () => Promise<Socket>;
  /** The same without waiting: the socket may be reset before it says that it is connected. */
  readonly dial: () => Socket;
}

export async function startProxied(options: Partial<TcpProxyOptions> = {}): Promise<Proxied> {
  const { port, accept } = await startServer();
  return { ...(await startProxyTo(port, options)), accept };
}

export async function startProxyTo(
  port: number,
  options: Partial<TcpProxyOptions> = {},
): Promise<Omit<Proxied, "accept">> {
  const events: ProxyEvent[] = [];
  const watchers = new Set<() => void>();
  const proxy = await startTcpProxy({
    host,
    listen: { host: "127.0.0.1", port: 0 },
    server: async () => ({ host: "127.0.0.1", port }),
    onEvent(event) {
      events.push(event);
      for (const watcher of watchers) watcher();
    },
    ...options,
  });
  stack.use(proxy);
  const dial = (): Socket => {
    const socket = connect({ host: "127.0.0.1", port: proxy.address.port, allowHalfOpen: true });
    stack.defer(() => void socket.destroy());
    socket.on("error", () => undefined);
    return socket;
  };
  return {
    proxy,
    events,
    closed: (connection = 1) =>
      new Promise((resolve) => {
        const look = (): void => {
          const event = events.find((each) => each.type === "close" && each.connection === connection);
          if (event?.type === "close") resolve(event);
        };
        watchers.add(look);
        look();
      }),
    dial,
    async connect() {
      const socket = dial();
      await once(socket, "connect");
      return socket;
    },
  };
}

export function injection(
  kind: string,
  parameters: object = {},
  more: Partial<TcpInjection> = {},
): TcpInjection & { readonly hits: object[] } {
  const fault = faults.get(kind) as TcpFault;
  const hits: object[] = [];
  return {
    fault,
    parameters: fault.parameters.parse(parameters),
    draw: stream(1, [kind]),
    onHit: (detail) => void hits.push(detail),
    hits,
    ...more,
  };
}

export async function readAll(socket: Socket): Promise<string> {
  let text = "";
  for await (const chunk of socket) text += String(chunk);
  return text;
}

export async function read(socket: Socket, length: number): Promise<string> {
  let bytes = Buffer.alloc(0);
  while (bytes.length < length) {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) await once(socket, "readable");
    else bytes = Buffer.concat([bytes, chunk]);
  }
  return bytes.toString();
}

/** The error that closed a socket, or will. */
export function errorOf(socket: Socket): Promise<string> {
  socket.resume();
  return new Promise((resolve) => {
    const look = (): void => {
      const { errored } = socket;
      resolve(errored !== null && "code" in errored ? String(errored.code) : "no error");
    };
    if (socket.closed) look();
    else socket.once("close", look);
  });
}
