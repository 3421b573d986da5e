/**
 * A client's connection, and its own one to the server: what is asked on the first is asked on the second, in turn. They end as one another ends; only a
 * fault that answers by itself can do without the second.
 */
import type { Address, Host, Socket } from "../../host/host.ts";
import { dialFor, type Neighbours } from "../caller.ts";
import { exchange, type End, type Reply, type Unreadable } from "./exchange.ts";
import type { Forwarder } from "./forward.ts";
import type { Arrival, Asked, Injections } from "./injections.ts";
import type { Passing } from "./passing.ts";
import { readRequest } from "./reader.ts";
import { createSource } from "./source.ts";
import { tunnel } from "./tunnel.ts";

export interface ConnectionOptions {
  readonly host: Host;
  readonly arrival: Arrival;
  readonly neighbours: Neighbours;
  readonly client: Socket;
  readonly server: () => Promise<Address>;
  readonly injections: Injections;
  readonly passing: Passing;
  readonly forwarder: Forwarder;
  readonly onRequest: (asked: Asked) => void;
  readonly onReply: (reply: Reply) => void;
  readonly onUnreadable: (unreadable: Unreadable) => void;
  /** Once, when nothing is left of it. */
  readonly onEnd: () => void;
}

/** Disposing destroys what is left of it, and waits until it is gone. */
export type Connection = AsyncDisposable;

export function createConnection(options: ConnectionOptions): Connection {
  const { host, arrival, neighbours, client, server: to, injections } = options;
  const gone = new AbortController();
  const disposed = new AbortController();
  const ended = Promise.withResolvers<void>();
  const sockets = new Set<Socket>([client]);
  const background = new Set<Promise<void>>();
  let server: Socket | undefined;
  /** How the server was lost: by RST, or by FIN. */
  let lost: "reset" | "close" | undefined;
  /** Whose bytes the server's are: of a reply, of nobody's (then they pass as they are), or of the tunnel. */
  let mode: "idle" | "exchange" | "tunnel" = "idle";
  /** Whether the server has been sent all that the client has sent of a request. */
  let sent = true;
  let finished = false;

  const source = createSource(client, passFinOn);

  async function dial(signal: AbortSignal, { onDialled, onDialFailed }: Neighbours): Promise<Socket> {
    const told = { ...(onDialled && { onDialled }), ...(onDialFailed && { onDialFailed }) };
    const socket = await dialFor({ host, caller: arrival, neighbours: told, to }, { halfOpen: true }, { signal });
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => {
      sockets.delete(socket);
      endIfGone();
    });
    if (signal.aborted) socket.destroy();
    return socket;
  }

  async function dialServer(): Promise<Socket | undefined> {
    try {
      const socket = await dial(gone.signal, neighbours);
      server = socket;
      socket.on("error", () => loseServer("reset"));
      socket.on("end", () => loseServer("close"));
      // Node's client closes it behind a reply that is the last one, without waiting for the server's FIN.
      socket.on("close", () => {
        if (mode === "idle") end(lost ?? "close");
      });
      socket.on("data", (bytes: Uint8Array) => {
        if (mode !== "idle" || client.write(bytes)) return;
        // Whoever reads the server's bytes by then wants them as well.
        socket.pause();
        client.once("drain", () => socket.resume());
      });
      return socket;
    } catch {
      loseServer("reset");
      return undefined;
    }
  }

  function loseServer(how: "reset" | "close"): void {
    lost ??= how;
    // A fault may be about to answer in its place.
    const spared = server === undefined && !injections.isEmpty();
    if (mode === "idle" && !spared) end(how);
  }

  function end(how: "reset" | "close"): void {
    for (const socket of sockets) {
      if (how === "reset") socket.resetAndDestroy();
      else socket.end();
    }
    // What they still say is read and dropped: a socket that is closed with bytes unread sends RST.
    if (how === "close") {
      source.release();
      for (const socket of sockets) socket.resume();
    }
  }

  /** The server hears of the client's FIN when it has heard all that came before. */
  function passFinOn(): void {
    if (sent && source.isOver()) server?.end();
  }

  async function run(): Promise<void> {
    const dialled = dialServer();
    for (let n = 1; ; n += 1) {
      const read = await readRequest(source);
      if (read === undefined) {
        // Without a server nobody else will end it.
        if ((await dialled) === undefined) end("close");
        else passFinOn();
        return;
      }
      if ("foreign" in read) {
        const socket = await dialled;
        if (socket === undefined || lost !== undefined) end(lost ?? "reset");
        else switchTo(socket, read.foreign, Buffer.alloc(0));
        return;
      }
      mode = "exchange";
      sent = false;
      const asked = { connection: arrival.connection, request: n, method: read.method, path: read.target };
      options.onRequest(asked);
      const result = await exchange({
        ...options,
        asked,
        read,
        clock: host.clock,
        upstream: async () => ((await dialled) !== undefined && lost === undefined ? server : undefined),
        // Whoever asks once more does so whether anybody waits for it or not.
        dial: () => dial(disposed.signal, { ...(neighbours.onDialled && { onDialled: neighbours.onDialled }) }),
        inBackground(work) {
          background.add(work);
          void work.finally(() => {
            background.delete(work);
            endIfGone();
          });
        },
        onSent() {
          sent = true;
          passFinOn();
        },
        gone: gone.signal,
      });
      sent = true;
      if (!goesOn(result)) return;
      mode = "idle";
      if (server !== undefined && (lost !== undefined || server.destroyed)) {
        end(lost ?? "close");
        return;
      }
      passFinOn();
    }
  }

  function goesOn(result: End): boolean {
    if (result.type === "switched" && server !== undefined) switchTo(server, Buffer.alloc(0), result.rest);
    else if (result.type === "lost") end(lost ?? "reset");
    // Of a body that only the connection delimits, its end is all that tells whether it was whole.
    else if (result.type === "close") end(lost ?? "close");
    else if (result.type === "reset") end("reset");
    return result.type === "go-on";
  }

  function switchTo(socket: Socket, toServer: Buffer, toClient: Buffer): void {
    mode = "tunnel";
    tunnel(client, socket, Buffer.concat([toServer, source.release()]), toClient);
  }

  function endIfGone(): void {
    if (finished || sockets.size > 0 || background.size > 0) return;
    finished = true;
    options.onEnd();
    ended.resolve();
  }

  client.on("error", () => {
    for (const socket of sockets) if (socket !== client) socket.resetAndDestroy();
  });
  client.on("close", () => {
    gone.abort();
    sockets.delete(client);
    if (mode !== "tunnel") server?.destroySoon();
    endIfGone();
  });
  // What can't be carried on ends the connection.
  run().catch(() => end("reset"));

  return {
    [Symbol.asyncDispose]() {
      gone.abort();
      disposed.abort();
      for (const socket of sockets) socket.destroy();
      return ended.promise;
    },
  };
}
