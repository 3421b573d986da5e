import { createSocket } from "node:dgram";
import { once } from "node:events";
import { isIPv6 } from "node:net";
import { checkDatagram } from "../datagram.ts";
import type { Address, DatagramSocket } from "../host.ts";

export async function bindUdp(
  { host, port }: Address,
  onDatagram: (bytes: Uint8Array, from: Address) => void,
): Promise<DatagramSocket> {
  const socket = createSocket(isIPv6(host) ? "udp6" : "udp4");
  socket.on("message", (bytes, { address, port }) => onDatagram(bytes, { host: address, port }));
  socket.bind({ address: host, port });
  try {
    await once(socket, "listening");
  } catch (error) {
    socket.close();
    throw error;
  }
  // What can't be received is lost, like all else that is lost on the way.
  socket.on("error", nothing);
  const { address, port: bound } = socket.address();
  let closed = false;
  return {
    address: { host: address, port: bound },
    send(bytes, to) {
      checkDatagram(bytes, to);
      // Node takes the bytes as they are when their turn comes, and the error if there is somebody to take it.
      if (!closed) socket.send(Uint8Array.from(bytes), to.port, to.host, nothing);
    },
    async [Symbol.asyncDispose]() {
      if (closed) return;
      closed = true;
      const gone = once(socket, "close");
      socket.close();
      await gone;
    },
  };
}

function nothing(): void {}
