/** One connection through the proxy: two sockets, two links, and how it ends. */
import type { Address, Host, Socket } from "../../host/host.ts";
import type { Direction } from "../../faults/tcp/contract.ts";
import { createLink, type Link } from "./link.ts";

/**
 * Who ended it: the side whose FIN came first or that sent RST, the dial that failed, a fault that put out FIN or RST, or the proxy that was
 * disposed.
 */
export type EndedBy =
  "client" | "server" | "client-reset" | "server-reset" | "server-refused" | "server-unreachable" | "fault" | "proxy";

export interface ConnectionOptions {
  readonly host: Host;
  readonly client: Socket;
  readonly server: () => Promise<Address>;
  /** Once, when both sockets are gone. */
  readonly onEnd: (by: EndedBy, delivered: Readonly<Record<Direction, number>>) => void;
}

export interface Connection {
  readonly links: Readonly<Record<Direction, Link>>;
  /** Reads from the client, and dials the server unless a fault holds the connection back. */
  begin(): void;
  /** Destroys what is left of it. */
  destroy(): void;
}

export function createConnection({ host, client, server: whereIsServer, onEnd }: ConnectionOptions): Connection {
  const dial = new AbortController();
  let server: Socket | undefined;
  let dialling = false;
  let aborted = false;
  let by: EndedBy | undefined;
  /** What it means that nothing more comes from the server. */
  let serverLost: EndedBy = "server-reset";
  let finished = false;

  const upstream: Link = createLink({
    clock: host.clock,
    ready: false,
    source: client,
    sink: {
      open: () => void connect(),
      write: (bytes) => server?.write(bytes) ?? false,
      end: () => finishBy(client.readableEnded ? "client" : "fault", server),
      reset: (byFault) => abort(byFault ? "fault" : "client-reset"),
      flushed: () => flushed(server, () => upstream),
    },
  });
  const downstream: Link = createLink({
    clock: host.clock,
    ready: true,
    source: { pause: () => server?.pause(), resume: () => server?.resume() },
    sink: {
      open: () => undefined,
      write: (bytes) => client.write(bytes),
      end: () => finishBy(server?.readableEnded === true ? "server" : "fault", client),
      reset: (byFault) => abort(byFault ? "fault" : serverLost),
      flushed: () => flushed(client, () => downstream),
    },
  });

  async function connect(): Promise<void> {
    dialling = true;
    const { signal } = dial;
    try {
      const address = await whereIsServer();
      const socket = await host.network.connect({ ...address, halfOpen: true }, { signal });
      if (signal.aborted) socket.destroy();
      else if (aborted) socket.resetAndDestroy();
      else {
        server = socket;
        wire(socket, "server-reset", downstream, upstream);
        upstream.ready();
      }
    } catch (error) {
      if (!signal.aborted && !aborted) {
        serverLost = reasonOf(error);
        downstream.receive("rst");
      }
    } finally {
      dialling = false;
      endIfGone();
    }
  }

  /** `out` is where its bytes go, `into` is what writes to it. */
  function wire(socket: Socket, lost: EndedBy, out: Link, into: Link): void {
    socket.on("data", (bytes: Uint8Array) => out.receive(bytes));
    socket.on("end", () => out.receive("fin"));
    socket.on("drain", () => into.drained());
    socket.on("error", () => {
      // It is gone: what was under way to it is lost, and the other side hears of it as the faults allow.
      by = lost;
      into[Symbol.dispose]();
      out.receive("rst");
    });
    socket.on("close", endIfGone);
    socket.resume();
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

  function endIfGone(): void {
    const gone = client.closed && (server === undefined ? !dialling || dial.signal.aborted : server.closed);
    if (!gone || finished) return;
    finished = true;
    dial.abort();
    upstream[Symbol.dispose]();
    downstream[Symbol.dispose]();
    onEnd(by ?? "proxy", { upstream: upstream.delivered(), downstream: downstream.delivered() });
  }

  return {
    links: { upstream, downstream },
    begin() {
      wire(client, "client-reset", upstream, downstream);
      downstream.receive("open");
      upstream.receive("open");
    },
    destroy() {
      by ??= "proxy";
      dial.abort();
      upstream[Symbol.dispose]();
      downstream[Symbol.dispose]();
      client.destroy();
      server?.destroy();
    },
  };
}

/** True if the kernel has all that was written; else the link hears of it when it has. */
function flushed(socket: Socket | undefined, link: () => Link): boolean {
  if (socket === undefined || socket.writableLength === 0) return true;
  socket.write(new Uint8Array(0), () => link().drained());
  return false;
}

function reasonOf(failure: unknown): EndedBy {
  const code = failure instanceof Error && "code" in failure ? failure.code : undefined;
  if (code === "ECONNREFUSED") return "server-refused";
  // It accepted, and took it back before we heard of it.
  return code === "ECONNRESET" ? "server-reset" : "server-unreachable";
}
