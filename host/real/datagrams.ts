import { createSocket } from "node:dgram";
import { once } from "node:events";
import { isIPv6 } from "node:net";
import { createDatagramCheck } from "../datagram.ts";
import type { Address, DatagramSocket } from "../host.ts";

export async function bindUdp(
  { host, port }: Address,
  onDatagram: (bytes: Uint8Array, from: Address) => void,
): Promise<DatagramSocket> {
  // There are no names to be looked up: so what is sent is gone when `send` returns, unless the kernel has no room.
  const socket = createSocket({ type: isIPv6(host) ? "udp6" : "udp4", lookup: itself });
  socket.on("message", (bytes, { address, port }) => onDatagram(bytes, { host: address, port }));
  // Before it is bound, which is at once as well.
  const listening = once(socket, "listening");
  socket.bind({ address: host, port });
  try {
    await listening;
  } catch (error) {
    socket.close();
    throw error;
  }
  // What can't be received is lost, like all else that is lost on the way.
  socket.on("error", nothing);
  const { address, port: bound } = socket.address();
  const check = createDatagramCheck();
  let closed = false;
  /** All of a turn of the event loop go together: whoever is sent one after the other falls asleep between them, and to wake it takes longer than to send. */
  const outbox: { readonly bytes: Buffer; readonly to: Address }[] = [];
  function flush(): void {
    for (const { bytes, to } of outbox.splice(0)) socket.send(bytes, to.port, to.host);
  }
  return {
    address: { host: address, port: bound },
    send(bytes, to) {
      check(bytes, to);
      if (closed) return;
      if (outbox.length === 0) setImmediate(flush);
      outbox.push({ bytes: Buffer.from(bytes), to });
    },
    async [Symbol.asyncDispose]() {
      if (closed) return;
      flush();
      closed = true;
      const gone = once(socket, "close");
      socket.close();
      await gone;
    },
  };
}

function nothing(): void {}

/** As `dns.lookup` calls back. */
function itself(
  address: string,
  _options: unknown,
  found: (error: null, address: string, family: number) => void,
): void {
  found(null, address, 4);
}
