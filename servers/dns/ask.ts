/** How one name server asks another: the host's own resolver finds the address, and each question has a socket of its own. */
import { createDeadline } from "../../host/deadline.ts";
import type { Address, Host, Socket } from "../../host/host.ts";

const patienceMs = 5000;
const longestMessage = 65_535;

/** The first datagram that comes back, as it is. @throws {Error} if none does in time. */
export async function askOverUdp(
  host: Host,
  server: Address,
  message: Uint8Array,
  isReply: (bytes: Uint8Array) => boolean,
): Promise<Uint8Array> {
  const [address] = await host.network.resolve(server);
  if (address === undefined) throw new Error(`${server.host} has no address`);
  const reply = Promise.withResolvers<Uint8Array>();
  await using socket = await host.network.bind({ port: 0 }, (bytes, from) => {
    if (from.host === address.host && from.port === address.port && isReply(bytes))
      reply.resolve(Uint8Array.from(bytes));
  });
  using timer = host.clock.timer(patienceMs, () => reply.reject(new Error(`no answer within ${patienceMs / 1000} s`)));
  void timer;
  socket.send(message, address);
  return await reply.promise;
}

/** All messages that come back, until `take` has enough. @throws {Error} if the connection ends before, or time is over. */
export async function askOverTcp(
  host: Host,
  server: Address,
  message: Uint8Array,
  take: (bytes: Uint8Array) => "more" | "enough",
): Promise<void> {
  using deadline = createDeadline(host.clock, patienceMs, {});
  const socket = await host.network.connect(server, { signal: deadline.signal });
  const abort = (): void => void socket.destroy(new Error(`no answer within ${patienceMs / 1000} s`));
  deadline.signal.addEventListener("abort", abort, { once: true });
  try {
    socket.write(framed(message));
    for await (const bytes of messagesOf(socket)) if (take(bytes) === "enough") return;
    throw new Error("the connection ended before the answer did");
  } finally {
    socket.destroy();
  }
}

/** Each message comes behind its length: RFC 1035, section 4.2.2. */
export function framed(message: Uint8Array): Uint8Array {
  if (message.length > longestMessage) throw new Error(`a message of ${message.length} bytes does not fit`);
  return Buffer.concat([Buffer.from([message.length >> 8, message.length & 0xff]), message]);
}

export async function* messagesOf(socket: Socket): AsyncGenerator<Uint8Array> {
  let held = Buffer.alloc(0);
  for await (const piece of socket) {
    held = Buffer.concat([held, piece as Buffer]);
    for (; held.length >= 2 && held.length >= 2 + held.readUInt16BE();) {
      const end = 2 + held.readUInt16BE();
      yield held.subarray(2, end);
      held = held.subarray(end);
    }
  }
}
