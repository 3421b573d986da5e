/** Where TLS begins: takes bytes in the clear, and speaks TLS with them to the server, which it trusts if the world's authority does. */
import type { Address, Host, Socket } from "../../host/host.ts";
import { createAdmission, dialFor, type Caller, type Neighbours } from "../caller.ts";
import { highWaterMark } from "../tcp/door.ts";
import { createConnection, reading, type Connection } from "../tcp/connection.ts";

export interface TlsOriginationOptions extends Neighbours {
  readonly host: Host;
  readonly listen: { readonly host?: string; readonly port: number };
  readonly server: () => Promise<Address>;
  /** Whom the certificate of the server has to be for: asked for every connection. */
  readonly servername: (caller: Caller) => string;
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
  const admit = createAdmission(options);

  function onConnection(client: Socket, caller: Caller): void {
    const connection = createConnection({
      clock: host.clock,
      accept: (onRead) => host.network.lend(client, onRead),
      async dial(onRead, waiting) {
        const manners = { tls: true, servername: servername(caller), alpn, halfOpen: true, highWaterMark };
        const socket = await dialFor({ host, caller, neighbours: options, to: server }, manners, waiting);
        return reading(socket, onRead).pause();
      },
      onEnd: () => void connections.delete(connection),
    });
    connections.add(connection);
    connection.begin();
  }

  const listener = await host.network.listen(
    { ...listen, halfOpen: true, pauseOnConnect: true, highWaterMark },
    (client) => admit(client, (caller) => onConnection(client, caller)),
  );
  return {
    address: listener.address,
    async [Symbol.asyncDispose]() {
      await listener[Symbol.asyncDispose]();
      await Promise.all([...connections].map((connection) => connection[Symbol.asyncDispose]()));
    },
  };
}
