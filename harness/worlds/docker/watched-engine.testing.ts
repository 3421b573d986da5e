/**
 * The engine of this machine, by a door of the test's own: it tells of each request before the engine gets it, so that a test can act at that moment.
 *
 *     harness ── DOCKER_HOST=tcp://127.0.0.1:N ──► here ──► /var/run/docker.sock
 */
import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";

export interface WatchedEngine extends AsyncDisposable {
  /** For `DOCKER_HOST`. */
  readonly address: string;
  /** Resolves with the first request from now on that begins so, such as "POST /networks/create". */
  asked(what: RegExp): Promise<string>;
  /** From now on it accepts, and says nothing more. */
  fallSilent(): void;
  /** Whoever has waited must connect anew. */
  speakAgain(): void;
}

const requestLine = /^(?:GET|HEAD|POST|PUT|DELETE) \S+(?= HTTP\/1\.1\r\n)/;

export async function watchEngine(): Promise<WatchedEngine> {
  const sockets = new Set<Socket>();
  const waiting = new Set<{ readonly what: RegExp; readonly resolve: (request: string) => void }>();
  let silent = false;
  const tell = (request: string): void => {
    for (const each of waiting) {
      if (!each.what.test(request)) continue;
      waiting.delete(each);
      each.resolve(request);
    }
  };
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ path: "/var/run/docker.sock", allowHalfOpen: true });
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => other.destroy());
      socket.once("close", () => {
        sockets.delete(socket);
        other.destroySoon();
      });
      socket.on("end", () => void (silent || other.end()));
      socket.on("data", (chunk) => {
        const [request] = socket === near ? (requestLine.exec(chunk.toString("latin1")) ?? []) : [];
        if (request !== undefined) tell(request);
        if (!silent) other.write(chunk);
      });
    }
  });
  const cutAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    address: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: (what) => new Promise((resolve) => waiting.add({ what, resolve })),
    fallSilent: () => void (silent = true),
    speakAgain() {
      silent = false;
      cutAll();
    },
    async [Symbol.asyncDispose]() {
      server.close();
      cutAll();
    },
  };
}
