/** What tests on a host begin with: two hosts, and a connection between them with both of its ends in hand. */
import { once } from "node:events";
import type { Address, Host, ListenOptions, Listener, SignalName, Socket } from "./host.ts";

/** Two hosts on one network; `place` is where the client finds the server. Both trust the authority of the server's certificate. */
export interface HostPair extends AsyncDisposable {
  readonly server: Host;
  readonly client: Host;
  readonly place: string;
  /** What the client has logged. */
  readonly logged: readonly { readonly event: string; readonly fields: Readonly<Record<string, unknown>> }[];
  /** A client that trusts another authority. */
  readonly stranger: Host;
  /** A client that asks these name servers. */
  readonly asking: (...nameServers: readonly Address[]) => Host;
  /** Signals the process of the client. */
  readonly raise: (signal: SignalName) => void;
}

export interface Talk extends AsyncDisposable {
  readonly listener: Listener;
  readonly client: Socket;
  readonly server: Socket;
}

/** One connection, both of its ends in hand. */
export async function startTalk(pair: HostPair, options: Omit<ListenOptions, "port">): Promise<Talk> {
  const accepted = Promise.withResolvers<Socket>();
  const listener = await pair.server.network.listen({ port: 0, ...options }, (socket) =>
    accepted.resolve(quiet(socket)),
  );
  const address: Address = { host: pair.place, port: listener.address.port };
  const { tls = false, halfOpen = false } = options;
  const client = quiet(await pair.client.network.connect({ ...address, tls, halfOpen }));
  const server = await accepted.promise;
  return {
    listener,
    client,
    server,
    async [Symbol.asyncDispose]() {
      client.destroy();
      server.destroy();
      await listener[Symbol.asyncDispose]();
    },
  };
}

/** A test that cuts a connection on one side need not hear of it on the other. */
export function quiet(socket: Socket): Socket {
  return socket.on("error", () => {});
}

export async function readBytes(socket: Socket, length: number): Promise<string> {
  let text = "";
  for (;;) {
    const chunk = socket.read() as Buffer | null;
    text += chunk?.toString() ?? "";
    if (text.length >= length) return text;
    await once(socket, "readable");
  }
}

export async function readAll(socket: Socket): Promise<string> {
  let text = "";
  socket.on("data", (chunk: Buffer) => (text += String(chunk)));
  await once(socket, "end");
  return text;
}

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
