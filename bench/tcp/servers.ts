/** What stands behind the proxies, in a process of its own: `node servers.ts BYTES MILLISECONDS` prints its ports. */
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";

export interface Ports {
  /** Says what it hears. */
  readonly echo: number;
  /** Sends so many bytes, and closes. */
  readonly source: number;
  /** Takes what comes; when that ends, it says one byte. */
  readonly sink: number;
}

const [bytes = 0, delayMs = 0] = process.argv.slice(2).map(Number);
const piece = Buffer.alloc(256 * 1024, "sinbin");

function send(socket: Socket): void {
  let left = bytes;
  const more = (): void => {
    while (left > 0) {
      const part = left < piece.length ? piece.subarray(0, left) : piece;
      left -= part.length;
      if (!socket.write(part)) return;
    }
    socket.end();
  };
  socket.on("drain", more);
  more();
}

async function listen(serve: (socket: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    // A client that has seen enough.
    socket.on("error", () => socket.destroy());
    serve(socket);
  });
  return new Promise((resolve) => {
    server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => resolve((server.address() as AddressInfo).port));
  });
}

const [echo, source, sink, late] = await Promise.all([
  listen((socket) => socket.pipe(socket)),
  listen((socket) => send(socket.resume())),
  listen((socket) => socket.resume().on("end", () => socket.end("."))),
  listen((socket) => socket.on("data", (said) => setTimeout(() => socket.write(said), delayMs))),
]);
process.stdout.write(`${JSON.stringify({ echo, source, sink, late } satisfies Ports & { late: number })}\n`);
