/**
 * Connections that nobody asked for, to the server of a link.
 *
 *     client ───► proxy ───► server ◄─── intruder
 *
 * They go beside the proxy: the link's connections, and what other faults decide about them, are those of its client.
 */
import { once } from "node:events";
import type { Visit } from "../../faults/tcp/contract.ts";
import type { Address, Host, Socket } from "../../host/host.ts";

export interface IntruderOptions {
  readonly host: Host;
  readonly server: () => Promise<Address>;
  /** What the n-th one does; undefined behind the last one. */
  readonly visit: (n: number) => Visit | undefined;
  /** The server has let it in. */
  readonly onVisit: (n: number) => void;
}

/** Until it is disposed: then all of its connections are gone. */
export function startIntruder({ host, server, visit, onVisit }: IntruderOptions): AsyncDisposable {
  const over = new AbortController();
  const { signal } = over;
  const inside = new Set<Socket>();
  const calls = new Set<Promise<void>>();
  let left = Promise.withResolvers<void>();

  async function come(): Promise<void> {
    for (let n = 1; ; n += 1) {
      const next = visit(n);
      if (next === undefined) return;
      await host.clock.sleep(next.after, { signal });
      while (calls.size >= next.most && !signal.aborted) await left.promise;
      if (signal.aborted) return;
      const call = visited(n, next).finally(() => {
        calls.delete(call);
        left.resolve();
        left = Promise.withResolvers();
      });
      calls.add(call);
    }
  }

  async function visited(n: number, next: Visit): Promise<void> {
    try {
      await knock(n, next);
    } catch {
      // It was not let in, or thrown out.
    }
  }

  async function knock(n: number, { says, end }: Visit): Promise<void> {
    const socket = await host.network.connect({ ...(await server()), halfOpen: true }, { signal });
    inside.add(socket);
    const closed = new Promise<void>((resolve) => void socket.once("close", resolve));
    // The server's own FIN is its way to say that this is enough.
    socket
      .on("error", () => {})
      .on("end", () => void socket.end())
      .resume();
    onVisit(n);
    try {
      for (const { after, bytes } of says) {
        if (after > 0) await Promise.race([host.clock.sleep(after, { signal }), closed]);
        if (socket.destroyed || socket.writableEnded) break;
        if (!socket.write(bytes)) await Promise.race([once(socket, "drain", { signal }), closed]);
      }
      if (end === "reset") socket.resetAndDestroy();
      if (end === "close") socket.end();
      await closed;
    } finally {
      inside.delete(socket);
    }
  }

  const coming = come().catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  return {
    async [Symbol.asyncDispose]() {
      over.abort();
      left.resolve();
      for (const socket of inside) socket.destroy();
      await coming;
      await Promise.all(calls);
    },
  };
}
