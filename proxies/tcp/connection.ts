/** One connection through the proxy: two sockets, two links, and how it ends. */
import type { Address, Clock, OnRead, Socket, Waiting } from "../../host/host.ts";
import type { Direction } from "../../faults/tcp/contract.ts";
import { createLink, type Link } from "./link.ts";

/**
 * Who ended it: the side whose FIN came first or that sent RST, the dial that failed, a fault that put out FIN or RST, or the proxy that was
 * disposed, had too many already, or could not read what came.
 */
export type EndedBy =
  | "client"
  | "server"
  | "client-reset"
  | "server-reset"
  | "server-refused"
  | "server-unreachable"
  | "fault"
  | "proxy"
  | "limit";

/** How long a dial may go on when the client is gone: the server may be accepting just now, and should hear of the end as it would without us. */
const longestDialForNobodyMs = 1000;

export interface ConnectionOptions {
  readonly clock: Clock;
  /** The client's, paused. What it reads is for `onRead`. */
  readonly accept: (onRead: OnRead) => Socket;
  /** A connection to the server, or `to` whom a fault has it led, which may be half open and paused. What it reads is for `onRead`. */
  readonly dial: (onRead: OnRead, waiting: Waiting, to?: string) => Promise<Socket>;
  /** Once, when both sockets are gone. `to`: as it was dialled. */
  readonly onEnd: (by: EndedBy, delivered: Readonly<Record<Direction, number>>, to?: string) => void;
}

/** Disposing destroys what is left of it, and waits until it is gone. */
export interface Connection extends AsyncDisposable {
  readonly links: Readonly<Record<Direction, Link>>;
  /** When it began, on the host's wall clock. */
  readonly since: number;
  client(): Address;
  /** Reads from the client, and dials the server unless a fault holds the connection back. */
  begin(): void;
}

export function createConnection({ clock, accept, dial, onEnd }: ConnectionOptions): Connection {
  const since = clock.wall();
  let server: Socket | undefined;
  /** Of the dial that is under way: an idle connection has nothing that it does not need. */
  let dialling: AbortController | undefined;
  let aborted = false;
  let led: string | undefined;
  /** A fault has ended both sides politely. */
  let ended = false;
  let by: EndedBy | undefined;
  /** What it means that nothing more comes from the server. */
  let serverLost: EndedBy = "server-reset";
  let deadline: Disposable | undefined;
  let finished = false;
  const gone = Promise.withResolvers<void>();

  const upstream: Link = createLink({
    clock,
    source: { pause: () => client.pause(), resume: () => client.resume() },
    sink: {
      open: (to) => void connect(to),
      write: (bytes) => server?.write(bytes) ?? false,
      end: (byFault) => finishBy(byFault ? "fault" : "client", server),
      reset: (byFault) => abort(byFault ? "fault" : "client-reset"),
      close: endBoth,
      flushed: () => server === undefined || isFlushed(server),
      whenFlushed: (then) => server?.write(nothing, () => then()),
    },
  });
  const downstream: Link = createLink({
    clock,
    source: { pause: () => server?.pause(), resume: () => server?.resume() },
    sink: {
      write: (bytes) => client.write(bytes),
      end: (byFault) => finishBy(byFault ? "fault" : "server", client),
      reset: (byFault) => abort(byFault ? "fault" : serverLost),
      close: endBoth,
      flushed: () => isFlushed(client),
      whenFlushed: (then) => void client.write(nothing, () => then()),
    },
  });

  const client = accept((bytes, done) => upstream.receive(bytes, done));

  async function connect(to?: string): Promise<void> {
    led = to;
    dialling = new AbortController();
    const { signal } = dialling;
    try {
      const socket = await dial((bytes, done) => downstream.receive(bytes, done), { signal }, to);
      if (signal.aborted) socket.destroy();
      else if (aborted) socket.resetAndDestroy();
      else {
        server = socket;
        wire(socket, "server-reset", downstream, upstream);
        socket.resume();
        if (ended) socket.end();
        else upstream.ready();
      }
    } catch (error) {
      if (!signal.aborted && !aborted) {
        serverLost = reasonOf(error);
        downstream.receive("rst");
      }
    } finally {
      dialling = undefined;
      endIfGone();
    }
  }

  /** `out` is where its bytes go, `into` is what writes to it. */
  function wire(socket: Socket, lost: EndedBy, out: Link, into: Link): void {
    socket.on("end", () => out.receive("fin"));
    socket.on("drain", () => into.drained());
    socket.on("error", () => {
      // It is gone: what was under way to it is lost, and the other side hears of it as the faults allow.
      by = lost;
      into[Symbol.dispose]();
      out.receive("rst");
    });
    socket.on("close", endIfGone);
  }

  function finishBy(who: EndedBy, socket: Socket | undefined): void {
    by ??= who;
    socket?.end();
  }

  function abort(who: EndedBy): void {
    by = who;
    // A dial that is under way goes on: the server may have accepted already, and has to hear the RST, too.
    aborted = true;
    upstream[Symbol.dispose]();
    downstream[Symbol.dispose]();
    client.resetAndDestroy();
    server?.resetAndDestroy();
  }

  /** Both are read on, and what comes is dropped: a socket that is closed with bytes unread sends RST, which overtakes the last ones written. */
  function endBoth(): void {
    by ??= "fault";
    ended = true;
    upstream[Symbol.dispose]();
    downstream[Symbol.dispose]();
    for (const socket of [client, server]) {
      socket?.end();
      socket?.resume();
    }
  }

  function endIfGone(): void {
    if (!client.closed || finished) return;
    if (server === undefined && dialling !== undefined && !dialling.signal.aborted) {
      deadline ??= clock.timer(longestDialForNobodyMs, () => {
        dialling?.abort();
        endIfGone();
      });
    } else if (server === undefined || server.closed) {
      finished = true;
      deadline?.[Symbol.dispose]();
      close();
      onEnd(by ?? "proxy", { upstream: upstream.delivered(), downstream: downstream.delivered() }, led);
      gone.resolve();
    }
  }

  function close(): void {
    dialling?.abort();
    upstream[Symbol.dispose]();
    downstream[Symbol.dispose]();
  }

  return {
    links: { upstream, downstream },
    since,
    // Asked for only when somebody wants to know: it is a call to the kernel.
    client: () => ({ host: client.remoteAddress ?? "", port: client.remotePort ?? 0 }),
    begin() {
      wire(client, "client-reset", upstream, downstream);
      client.resume();
      downstream.begin();
      upstream.begin();
    },
    [Symbol.asyncDispose]() {
      by ??= "proxy";
      close();
      client.destroy();
      server?.destroy();
      return gone.promise;
    },
  };
}

/** Written to hear when the kernel has all that was written before it. */
const nothing = new Uint8Array(0);

/** For a socket that lends no memory. */
export function reading(socket: Socket, onRead: OnRead): Socket {
  return socket.on("data", (bytes: Uint8Array) => onRead(bytes));
}

function isFlushed(socket: Socket): boolean {
  return socket.writableLength === 0;
}

function reasonOf(failure: unknown): EndedBy {
  const code = failure instanceof Error && "code" in failure ? failure.code : undefined;
  if (code === "ECONNREFUSED") return "server-refused";
  // It accepted, and took it back before we heard of it.
  return code === "ECONNRESET" ? "server-reset" : "server-unreachable";
}
