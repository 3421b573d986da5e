/** What a client sees of a proxy. */
import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { nowMs } from "../stalls.ts";

const host = "127.0.0.1";

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host, noDelay: true, allowHalfOpen: true });
  await once(socket, "connect");
  return socket;
}

/** MB/s, until the last byte has come. */
export async function download(port: number, bytes: number): Promise<number> {
  const socket = await open(port);
  const began = performance.now();
  let got = 0;
  socket.on("data", (chunk: Buffer) => (got += chunk.length));
  await once(socket, "end");
  socket.end();
  if (got !== bytes) throw new Error(`${got} bytes have come of ${bytes}`);
  return bytes / 1000 / (performance.now() - began);
}

const piece = Buffer.alloc(256 * 1024, "sinbin");

/** MB/s, until the server says that it has them all. */
export async function upload(port: number, bytes: number): Promise<number> {
  const socket = await open(port);
  const began = performance.now();
  for (let left = bytes; left > 0; left -= piece.length)
    if (!socket.write(left < piece.length ? piece.subarray(0, left) : piece)) await once(socket, "drain");
  socket.end();
  await once(socket, "data");
  return bytes / 1000 / (performance.now() - began);
}

export interface Pace {
  readonly connections?: number;
  /** Between two messages of one connection, so that it is not the load that is measured. */
  readonly everyMs?: number;
  /** The first messages of each connection, which are not measured: it is not the opening of connections that is. */
  readonly unmeasured?: number;
}

/** From when a message was sent to when its echo had come, in milliseconds of `process.hrtime`. */
export interface Trip {
  readonly from: number;
  readonly to: number;
}

/** One message at a time on each connection. */
export async function roundTrips(
  port: number,
  trips: number,
  { connections = 1, everyMs = 0, unmeasured = 0 }: Pace = {},
): Promise<readonly Trip[]> {
  const message = Buffer.alloc(64, "x");
  const sockets: Socket[] = [];
  // Not all at once: a full queue of connects says nothing about delays.
  while (sockets.length < connections)
    sockets.push(
      ...(await Promise.all(Array.from({ length: Math.min(50, connections - sockets.length) }, () => open(port)))),
    );
  const made: Trip[] = [];
  const each = async (socket: Socket, n: number): Promise<void> => {
    const first = performance.now() + (n / connections) * everyMs;
    for (let trip = 0; trip < unmeasured + trips; trip++) {
      if (everyMs > 0) await sleep(Math.max(0, first + trip * everyMs - performance.now()));
      const from = nowMs();
      let missing = message.length;
      socket.write(message);
      while (missing > 0) missing -= ((await once(socket, "data")) as [Buffer])[0].length;
      if (trip >= unmeasured) made.push({ from, to: nowMs() });
    }
    socket.destroy();
  };
  await Promise.all(sockets.map(each));
  return made;
}

/** Connections a second that are opened, say a byte, hear it, and are closed; eight at a time. */
export async function connectionRate(port: number, count: number): Promise<number> {
  let left = count;
  const began = performance.now();
  const work = async (): Promise<void> => {
    while (left-- > 0) {
      const socket = await open(port);
      socket.write(".");
      await once(socket, "data");
      const closed = once(socket, "close");
      socket.end();
      await closed;
    }
  };
  await Promise.all(Array.from({ length: 8 }, work));
  return (count / (performance.now() - began)) * 1000;
}

/** Connections that say one byte, and then nothing. */
export async function idle(port: number, count: number): Promise<Disposable> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const some = await Promise.all(Array.from({ length: Math.min(100, count - sockets.length) }, () => open(port)));
    await Promise.all(
      some.map(async (socket) => {
        socket.write(".");
        await once(socket, "data");
      }),
    );
    sockets.push(...some);
  }
  return { [Symbol.dispose]: () => sockets.forEach((socket) => socket.destroy()) };
}
