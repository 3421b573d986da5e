/** A client and a server that say byte for byte what a test says, and the proxy between them. */
import { expect } from "vitest";
import { createRealHost } from "../../host/real.ts";
import type { Host, Socket } from "../../host/host.ts";
import { faults } from "../../faults/registry.ts";
import type { HttpFault } from "../../faults/http/contract.ts";
import { stream } from "../../faults/random.ts";
import type { HttpHit, HttpInjection } from "./injections.ts";
import { startHttpProxy, type HttpEvent, type HttpProxy } from "./proxy.ts";

export const realHost = createRealHost({ name: "test", directory: "/", seed: 1, log: () => {} });

declare module "vitest" {
  // oxlint-disable-next-line no-unused-vars -- a declaration that is merged has to have the same parameters.
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> {
    /** Of a `Peer`: exactly this comes next. */
    toHear(text: string): Promise<void>;
  }
}

expect.extend({
  async toHear(peer: Peer, text: string) {
    const actual = await peer.hears(text);
    return { pass: actual === text, message: () => "something else was heard", actual, expected: text };
  },
});

/** One side of a connection. */
export interface Peer {
  readonly socket: Socket;
  say(text: string): void;
  /** Resolves with what comes next: this, or what is there instead. */
  hears(text: string): Promise<string>;
  /** Resolves with all that comes until this has come. */
  hearsUntil(text: string): Promise<string>;
  hearsBytes(length: number): Promise<string>;
  /** Resolves with what comes before the end, and what kind of end it is. */
  ends(): Promise<{ readonly rest: string; readonly by: "FIN" | "RST" }>;
}

export function createPeer(socket: Socket): Peer {
  let heard = "";
  let end: "FIN" | "RST" | undefined;
  let news = Promise.withResolvers<void>();
  const tell = (): void => {
    news.resolve();
    news = Promise.withResolvers();
  };
  socket.on("data", (bytes: Buffer) => {
    heard += bytes.toString("latin1");
    tell();
  });
  socket.on("end", () => {
    end ??= "FIN";
    tell();
  });
  socket.on("error", () => {
    end ??= "RST";
    tell();
  });
  socket.on("close", () => {
    end ??= "FIN";
    tell();
  });
  const isOver = (): boolean => end !== undefined;
  const hearsUntil = async (text: string): Promise<string> => {
    for (;;) {
      const at = heard.indexOf(text);
      if (at >= 0) {
        const all = heard.slice(0, at + text.length);
        heard = heard.slice(all.length);
        return all;
      }
      if (end !== undefined)
        throw new Error(`${end} instead of ${JSON.stringify(text)}, after ${JSON.stringify(heard)}`);
      await news.promise;
    }
  };
  return {
    socket,
    say: (text) => void socket.write(Buffer.from(text, "latin1")),
    hearsUntil,
    async hears(text) {
      while (heard.length < text.length && text.startsWith(heard) && !isOver()) await news.promise;
      if (!heard.startsWith(text)) return `${heard} (${end ?? "open"})`;
      heard = heard.slice(text.length);
      return text;
    },
    async hearsBytes(length) {
      while (heard.length < length) {
        if (end !== undefined) throw new Error(`${end} after ${heard.length} of ${length} bytes`);
        await news.promise;
      }
      const all = heard.slice(0, length);
      heard = heard.slice(length);
      return all;
    },
    async ends() {
      while (!isOver()) await news.promise;
      return { rest: heard, by: end ?? "FIN" };
    },
  };
}

export interface Proxied extends AsyncDisposable {
  readonly proxy: HttpProxy;
  readonly events: readonly HttpEvent[];
  readonly hits: readonly (HttpHit & { readonly kind: string })[];
  /** The next connection that the server gets. */
  accept(): Promise<Peer>;
  /** A connection of a client, and the server's side of it. */
  connect(): Promise<{ readonly client: Peer; readonly server: Peer }>;
  dial(): Promise<Peer>;
  closeServer(): Promise<void>;
  /** Ends all connections there are, those included that nobody has accepted. */
  hangUp(): void;
  inject(kind: string, parameters?: object, selection?: Partial<HttpInjection>): AsyncDisposable;
}

export interface ProxiedOptions {
  /** The proxy's; by default the real one. Those of the others are by default the same. */
  readonly host?: Host;
  readonly clientHost?: Host;
  readonly serverHost?: Host;
}

export async function startProxied(options: ProxiedOptions = {}): Promise<Proxied> {
  const { host = realHost, clientHost = host, serverHost = host } = options;
  const stack = new AsyncDisposableStack();
  const accepted: Peer[] = [];
  const sockets: Socket[] = [];
  let arrived = Promise.withResolvers<void>();
  const listener = stack.use(
    await serverHost.network.listen({ host: "127.0.0.1", port: 0, halfOpen: true }, (socket) => {
      sockets.push(socket);
      accepted.push(createPeer(socket));
      arrived.resolve();
      arrived = Promise.withResolvers();
    }),
  );
  const events: HttpEvent[] = [];
  const hits: (HttpHit & { kind: string })[] = [];
  const proxy = stack.use(
    await startHttpProxy({
      host,
      listen: { host: "127.0.0.1", port: 0 },
      server: async () => listener.address,
      onEvent: (event) => void events.push(event),
    }),
  );
  const hangUp = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  stack.defer(hangUp);
  const accept = async (): Promise<Peer> => {
    while (accepted.length === 0) await arrived.promise;
    return accepted.shift() as Peer;
  };
  const dial = async (): Promise<Peer> => {
    const socket = await clientHost.network.connect({ ...proxy.address, halfOpen: true });
    sockets.push(socket);
    return createPeer(socket);
  };
  return {
    proxy,
    events,
    hits,
    accept,
    dial,
    hangUp,
    closeServer: async () => listener[Symbol.asyncDispose](),
    connect: async () => ({ client: await dial(), server: await accept() }),
    inject(kind, parameters = {}, selection = {}) {
      const fault = faults.get(kind) as HttpFault | undefined;
      if (fault === undefined) throw new Error(`there is no ${kind}`);
      return proxy.inject({
        fault,
        parameters: fault.parameters.parse(parameters),
        draw: stream(1, [kind]),
        onHit: (detail) => void hits.push({ kind, ...detail }),
        ...selection,
      });
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** A proxy with one fault on it, and a connection through it. */
export async function startFaulty(
  ...fault: Parameters<Proxied["inject"]>
): Promise<Proxied & { client: Peer; server: Peer }> {
  const proxied = await startProxied();
  proxied.inject(...fault);
  return { ...proxied, ...(await proxied.connect()) };
}

export const get = "GET / HTTP/1.1\r\nHost: plc.test\r\n\r\n";
export const ok = replyOf("ok");

export function replyOf(body: string, ...headers: readonly string[]): string {
  const lines = headers.map((line) => `${line}\r\n`).join("");
  return `HTTP/1.1 200 OK\r\n${lines}Content-Length: ${body.length}\r\n\r\n${body}`;
}

/** One request, and the server's reply to it. */
export async function ask(client: Peer, server: Peer, reply = ok, request = get): Promise<void> {
  client.say(request);
  await server.hearsUntil("\r\n\r\n");
  server.say(reply);
}
