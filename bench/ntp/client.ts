/** A client of a time server, which is not ours in front of it. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { requestOf } from "../../faults/ntp/packet.ts";
import { timestampOf, unixTimeOf } from "../../faults/ntp/timestamp.ts";
import { decode, encode } from "../../proxies/ntp/wire/packet.ts";

/** At a time. */
const underWay = 64;
/** It is called dead then. */
const longestSilenceMs = 2000;

async function open(port: number): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.connect(port, "127.0.0.1");
  await once(socket, "connect");
  // While nobody is there yet, the kernel says so.
  socket.on("error", () => {});
  return socket;
}

function request(): Uint8Array {
  return encode(requestOf(timestampOf(performance.timeOrigin + performance.now())));
}

async function reply(socket: Socket, signal = AbortSignal.timeout(longestSilenceMs)): Promise<Buffer> {
  const [bytes] = (await once(socket, "message", { signal })) as [Buffer];
  return bytes;
}

export async function untilAnswered(port: number): Promise<void> {
  const socket = await open(port);
  try {
    for (let answered = false; !answered;) {
      socket.send(request());
      answered = await reply(socket, AbortSignal.timeout(50)).then(
        () => true,
        () => false,
      );
    }
  } finally {
    socket.close();
  }
}

export interface Replies {
  readonly count: number;
  readonly perSecond: number;
}

/** Each reply is followed by the next request. @throws {Error} if nothing comes any more. */
export async function replies(port: number, seconds: number): Promise<Replies> {
  const socket = await open(port);
  try {
    let count = 0;
    let last = performance.now();
    socket.on("message", () => {
      count += 1;
      last = performance.now();
      socket.send(request());
    });
    const began = performance.now();
    for (let n = 0; n < underWay; n += 1) socket.send(request());
    await sleep(seconds * 1000);
    if (performance.now() - last > longestSilenceMs) throw new Error(`port ${port} is silent after ${count} replies`);
    return { count, perSecond: (count / (performance.now() - began)) * 1000 };
  } finally {
    socket.close();
  }
}

/** How wrong a clock is by one reply, in microseconds: RFC 5905, section 8. */
async function offset(socket: Socket): Promise<number> {
  const sent = performance.timeOrigin + performance.now();
  socket.send(encode(requestOf(timestampOf(sent))));
  const bytes = await reply(socket);
  const came = performance.timeOrigin + performance.now();
  const decoded = decode(bytes);
  if (!("packet" in decoded)) throw new Error(`the reply is ${decoded.malformed}`);
  const { receive, transmit } = decoded.packet;
  return ((unixTimeOf(receive, came) - sent + (unixTimeOf(transmit, came) - came)) / 2) * 1000;
}

/** Offsets of two ways to one clock, each pair one right behind the other. */
export async function offsetPairs(
  ports: readonly [number, number],
  pairs: number,
): Promise<readonly [number, number][]> {
  const sockets = [await open(ports[0]), await open(ports[1])] as const;
  try {
    const found: [number, number][] = [];
    while (found.length < pairs) found.push([await offset(sockets[0]), await offset(sockets[1])]);
    return found;
  } finally {
    for (const socket of sockets) socket.close();
  }
}
