/**
 * A client's TCP connection, and its own one to the server, which is there as soon as something is passed on. Messages may be asked and answered in any
 * order (RFC 7766, section 6.2.1.1). They end as one another ends; only faults that answer by themselves can do without the second.
 */
import { formatAddress } from "../../host/address.ts";
import type { Address, Host, Socket } from "../../host/host.ts";
import type { BothWays, LiveConnection } from "../live.ts";
import type { Exchange, Line } from "./exchange.ts";
import { createFrameReader, frame } from "./frames.ts";
import { createWriter } from "./writer.ts";

export interface ConnectionOptions {
  readonly host: Host;
  readonly number: number;
  readonly client: Socket;
  readonly server: () => Address | Promise<Address>;
  readonly exchange: Exchange;
  /** Once, when nothing is left of it. */
  readonly onEnd: (by: ConnectionEndedBy) => void;
}

/** Whoever ended it first; `unreachable`: the server, since nobody answers there. */
export type ConnectionEndedBy = "client" | "server" | "unreachable" | "fault" | "proxy";

/** Disposing destroys what is left of it, and waits until it is gone. */
export interface Connection extends AsyncDisposable {
  live(): LiveConnection;
}

export function createConnection({ host, number, client, server, exchange, onEnd }: ConnectionOptions): Connection {
  const since = host.clock.wall();
  const address = { host: plain(client.remoteAddress ?? ""), port: client.remotePort ?? 0 };
  const bytes = { upstream: { received: 0, delivered: 0 }, downstream: { received: 0, delivered: 0 } };
  const gone = new AbortController();
  const ended = Promise.withResolvers<void>();
  const sockets = new Set<Socket>([client]);
  let upstream: Promise<Socket | undefined> | undefined;
  /** What is said by whom no more. */
  const over = { client: false, server: false };
  let kept = 0;
  let finished = false;
  let by: ConnectionEndedBy | undefined;

  const writer = createWriter({ clock: host.clock, client, onIdle: endIfOver });
  const line: Line = {
    connection: number,
    transport: "tcp",
    client: address.host,
    socket: formatAddress(address),
    pass(message) {
      const framed = frame(message);
      upstream ??= dial();
      void write(upstream, framed);
    },
    put(all) {
      writer.put(all);
      for (const { bytes: put, framing } of all)
        bytes.downstream.delivered += Math.min(put.length + 2, framing?.bytes ?? Infinity);
      if (client.writableNeedDrain) void upstream?.then((socket) => socket?.pause());
    },
    end(how) {
      by ??= "fault";
      end(how);
    },
    keeps(more) {
      kept += more;
      endIfOver();
    },
  };

  const passage = exchange.join(line);

  async function write(to: Promise<Socket | undefined>, framed: Uint8Array): Promise<void> {
    const socket = await to;
    bytes.upstream.delivered += framed.length;
    if (socket?.write(framed) !== false) return;
    client.pause();
    socket.once("drain", () => client.resume());
  }

  async function dial(): Promise<Socket | undefined> {
    // What it says meanwhile would have to be kept.
    client.pause();
    try {
      const { signal } = gone;
      const socket = await host.network.connect({ ...(await server()), halfOpen: true }, { signal });
      sockets.add(socket);
      const fromServer = createFrameReader(passage.reply);
      socket.on("error", () => {
        by ??= "server";
        end("reset");
      });
      socket.on("data", (chunk: Uint8Array) => {
        bytes.downstream.received += chunk.length;
        fromServer(chunk);
      });
      socket.on("end", () => {
        by ??= "server";
        over.server = true;
        endIfOver();
      });
      socket.on("close", () => {
        sockets.delete(socket);
        endIfGone();
      });
      if (over.client) socket.end();
      return socket;
    } catch {
      by ??= "unreachable";
      end("reset");
      return undefined;
    } finally {
      client.resume();
    }
  }

  /** The client hears of the server's FIN behind all that is kept back for it. */
  function endIfOver(): void {
    if (kept > 0 || !writer.isIdle()) return;
    if (over.server || (over.client && upstream === undefined)) client.end();
  }

  function end(how: "reset" | "close"): void {
    for (const socket of sockets) {
      if (how === "reset") socket.resetAndDestroy();
      else socket.end();
    }
  }

  function endIfGone(): void {
    if (sockets.size > 0 || finished) return;
    finished = true;
    writer[Symbol.dispose]();
    ended.resolve();
    onEnd(by ?? "client");
  }

  const fromClient = createFrameReader(passage.query);
  client.on("error", () => {
    by ??= "client";
    for (const socket of sockets) if (socket !== client) socket.resetAndDestroy();
  });
  client.on("data", (chunk: Uint8Array) => {
    bytes.upstream.received += chunk.length;
    fromClient(chunk);
  });
  client.on("drain", () => void upstream?.then((socket) => socket?.resume()));
  client.on("end", () => {
    by ??= "client";
    over.client = true;
    void upstream?.then((socket) => socket?.end());
    endIfOver();
  });
  client.on("close", () => {
    gone.abort();
    sockets.delete(client);
    void upstream?.then((socket) => socket?.destroySoon());
    endIfGone();
  });
  client.resume();

  return {
    live: () => ({ connection: number, client: address, since, traffic: structuredClone(bytes) satisfies BothWays }),
    [Symbol.asyncDispose]() {
      by ??= "proxy";
      gone.abort();
      for (const socket of sockets) socket.destroy();
      return ended.promise;
    },
  };
}

/** As a socket that listens for both families says an address of IPv4. */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/, "");
}
