/** The harness's network in a world whose services it can't reach by itself: every connection goes through the gate. */
import type { Host, Socket } from "../../../host/host.ts";
import type { GateClient } from "./gate-client.ts";

export function throughGate(host: Host, gate: GateClient): Host {
  return {
    ...host,
    network: {
      ...host.network,
      resolve: async (address) => [address],
      async connect({ host: address, port, tls = false }, waiting) {
        if (tls) throw new Error("the harness speaks no TLS through the gate");
        const stream = await gate.connect(address, port, waiting);
        // What Node's http asks of a socket and a stream of HTTP/2 does not have.
        const manners = {
          setNoDelay: () => socket,
          setKeepAlive: () => socket,
          ref: () => socket,
          unref: () => socket,
          resetAndDestroy: () => stream.destroy() as Socket,
          destroySoon: () => void stream.end(() => stream.destroy()),
        };
        const socket = Object.assign(stream, manners) as unknown as Socket;
        return socket;
      },
    },
  };
}
