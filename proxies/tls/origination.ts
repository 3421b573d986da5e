/** Where TLS begins: takes bytes in the clear, and speaks TLS with them to the server, which it trusts if the world's authority does. */
import type { Address, Host } from "../../host/host.ts";
import { highWaterMark } from "../tcp/door.ts";
import { createConnection, reading, type Connection } from "../tcp/connection.ts";

export interface TlsOriginationOptions {
  readonly host: Host;
  readonly listen: { readonly host?: string; readonly port: number };
  readonly server: () => Promise<Address>;
  /** Whom the certificate of the server has to be for. */
  readonly servername: string;
  /** What is spoken inside: offered to the server (RFC 7301). */
  readonly alpn: readonly string[];
}

export interface TlsOrigination extends AsyncDisposable {
  readonly address: Address;
}

/** @throws {Error} with `code` EADDRINUSE and so on if it can't listen. */
export async function startTlsOrigination(options: TlsOriginationOptions): Promise<TlsOrigination> {
  const { host, listen, server, servername, alpn } = options;
  const connections = new Set<Connection>();
  const listener = await host.network.listen(
    { ...listen, halfOpen: true, pauseOnConnect: true, highWaterMark },
    (client) => {
      const connection = createConnection({
        clock: host.clock,
        accept: (onRead) => host.network.lend(client, onRead),
        async dial(onRead, waiting) {
          const options = { tls: true, servername, alpn, halfOpen: true, highWaterMark };
          const socket = await host.network.connect({ ...(await server()), ...options }, waiting);
          return reading(socket, onRead).pause();
        },
        onEnd: () => void connections.delete(connection),
      });
      connections.add(connection);
      connection.begin();
    },
  );
  return {
    address: listener.address,
    async [Symbol.asyncDispose]() {
      await listener[Symbol.asyncDispose]();
      await Promise.all([...connections].map((connection) => connection[Symbol.asyncDispose]()));
    },
  };
}
