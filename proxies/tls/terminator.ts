/**
 * Where TLS ends: it serves its client TLS on loopback, and what is inside goes on as it is told.
 *
 *     dial ──► our end ── loopback, TLS ──► the other end ── in the clear ──► connection ──► `onward`
 */
import type { Certificate, Host, Listener, OnRead, SecureSocket, Socket, Waiting } from "../../host/host.ts";
import { createConnection, reading, type Connection, type ConnectionOptions, type EndedBy } from "../tcp/connection.ts";
import { highWaterMark } from "../tcp/door.ts";

/** How a connection is served. */
export interface Terms {
  readonly certificate: Certificate;
  readonly alpn: readonly string[] | undefined;
  /** Where what is inside goes. */
  readonly onward: ConnectionOptions["dial"];
  /** The handshake is over: with the connection that it has led to, or with the reason why it has not. */
  readonly onHandshake: (outcome: Connection | Error) => void;
  /** The client is to hear an end: true if it shall not hear close_notify. */
  readonly endsWithoutNotify: () => boolean;
  readonly onEnd: (by: EndedBy) => void;
}

export interface Terminator extends AsyncDisposable {
  /** Whoever writes TLS to it is served as the terms say. */
  dial(terms: Terms, onRead: OnRead, waiting: Waiting): Promise<Socket>;
}

export async function startTerminator(host: Host): Promise<Terminator> {
  const disposed = new AbortController();
  const connections = new Set<Connection>();
  /** By the port of our end: whichever of the two ends is here first waits for the other. */
  const meetings = new Map<number, PromiseWithResolvers<Terms | undefined>>();
  const meetingAt = (port: number): PromiseWithResolvers<Terms | undefined> => {
    const meeting = meetings.get(port) ?? Promise.withResolvers();
    meetings.set(port, meeting);
    return meeting;
  };

  const listener: Listener = await host.network.listen(
    { host: "127.0.0.1", port: 0, halfOpen: true, pauseOnConnect: true, highWaterMark },
    (socket) => void serve(socket),
  );

  async function serve(socket: Socket): Promise<void> {
    const port = socket.remotePort ?? 0;
    const { promise, resolve } = meetingAt(port);
    // Somebody else, who has no business here, is never waited for again.
    socket.on("error", () => {}).once("close", () => resolve(undefined));
    const terms = await promise;
    meetings.delete(port);
    if (terms === undefined) {
      socket.destroy();
      return;
    }
    const { certificate, alpn } = terms;
    const options = { certificate, ...(alpn !== undefined && { alpn }) };
    const secure = await host.network.secure(socket, options, disposed).catch((error: unknown) => error as Error);
    if (secure instanceof Error) terms.onHandshake(secure);
    else carry(secure, terms);
  }

  function carry(secure: SecureSocket, { onward, onHandshake, endsWithoutNotify, onEnd }: Terms): void {
    const end = secure.end.bind(secure);
    secure.end = () => (endsWithoutNotify() ? secure.endWithoutNotify() : end());
    const connection = createConnection({
      clock: host.clock,
      accept: (onRead) => reading(secure, onRead),
      dial: onward,
      onEnd(by) {
        connections.delete(connection);
        onEnd(by);
      },
    });
    connections.add(connection);
    onHandshake(connection);
    connection.begin();
  }

  return {
    async dial(terms, onRead, waiting) {
      const options = { ...listener.address, halfOpen: true, highWaterMark, onRead };
      const socket = await host.network.connect(options, waiting);
      meetingAt(socket.localPort ?? 0).resolve(terms);
      return socket;
    },
    async [Symbol.asyncDispose]() {
      disposed.abort();
      await listener[Symbol.asyncDispose]();
      for (const { resolve } of meetings.values()) resolve(undefined);
      await Promise.all([...connections].map((connection) => connection[Symbol.asyncDispose]()));
    },
  };
}
