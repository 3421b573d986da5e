/**
 * A door with limits: so many connections at once, and none of them for ever. Whoever is over a limit is reset, and takes nothing from the others.
 */
import type { Host, Socket } from "../host/host.ts";

export interface ConnectionLimits {
  readonly connections: number;
  /** How long one connection may live in all. */
  readonly lifetimeMs: number;
}

/** The same host, but for listening. */
export function limitConnections(host: Host, { connections, lifetimeMs }: ConnectionLimits): Host {
  const { network } = host;
  return {
    ...host,
    network: {
      ...network,
      async listen(options, onConnection) {
        const open = new Set<Socket>();
        return network.listen(options, (socket) => {
          // Nobody else may be listening to the errors of a connection that is turned away.
          socket.on("error", () => socket.destroy());
          if (open.size >= connections) {
            socket.resetAndDestroy();
            return;
          }
          open.add(socket);
          const timer = host.clock.timer(lifetimeMs, () => socket.resetAndDestroy());
          socket.once("close", () => {
            open.delete(socket);
            timer[Symbol.dispose]();
          });
          onConnection(socket);
        });
      },
    },
  };
}
