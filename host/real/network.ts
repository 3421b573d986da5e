import type { LookupAddress } from "node:dns";
import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { createServer, isIP, connect as connectTcp } from "node:net";
import type { Address, ConnectOptions, Listener, ListenOptions, Log, Network, Socket, Waiting } from "../host.ts";
import { formatAddress, parseAddress } from "../address.ts";
import { codeOf } from "../disk/errors.ts";
import { bindUdp } from "./datagrams.ts";
import { lendTo } from "./lend.ts";
import { askNameServers } from "./names.ts";
import { withSafeReset } from "./reset.ts";
import { acceptSecure, connectSecure, serverContext } from "./secure.ts";
import type { Identity } from "./secure.ts";

const loopback = "127.0.0.1";
const everywhere = "0.0.0.0";

export interface NetworkOptions {
  readonly names: Readonly<Record<string, string>> | undefined;
  /** None: the system's resolver is asked. */
  readonly nameServers: readonly Address[];
  readonly identity: Identity;
  readonly log: Log;
}

export function createNetwork({ names, nameServers, identity, log }: NetworkOptions): Network {
  const resolve = async ({ host, port }: Address, waiting: Waiting = {}): Promise<readonly Address[]> => {
    const known = names?.[formatAddress({ host, port })];
    if (known !== undefined) return [parseAddress(known)];
    if (isIP(host) !== 0) return [{ host, port }];
    if (nameServers.length > 0) {
      if (host === "localhost") return [{ host: loopback, port }];
      return (await askNameServers(nameServers, host, waiting)).map((found) => ({ host: found, port }));
    }
    const found = await abortable(lookUp(host), waiting);
    return found.map((entry) => ({ host: entry.address, port }));
  };

  const underWay = new Map<string, Promise<LookupAddress[]>>();
  /** Once for all who ask meanwhile: a name whose servers are silent would occupy all threads that ask them, and delay every other name. */
  const lookUp = (host: string): Promise<LookupAddress[]> => {
    const known = underWay.get(host);
    if (known !== undefined) return known;
    const asking = lookup(host, { all: true }).finally(() => underWay.delete(host));
    underWay.set(host, asking);
    return asking;
  };

  return {
    resolve,

    async listen(options, onConnection) {
      const mapped = names !== undefined && options.port !== 0;
      const listener = await listen(
        {
          ...options,
          host: options.host ?? (names === undefined ? everywhere : loopback),
          port: mapped ? 0 : options.port,
        },
        identity,
        onConnection,
      );
      if (mapped) log("network.listening", { port: options.port, address: formatAddress(listener.address) });
      return listener;
    },

    async bind({ host = names === undefined ? everywhere : loopback, port }, onDatagram) {
      const mapped = names !== undefined && port !== 0;
      const socket = await bindUdp({ host, port: mapped ? 0 : port }, onDatagram);
      if (mapped) log("network.bound", { port, address: formatAddress(socket.address) });
      return socket;
    },

    async connect(options, waiting = {}) {
      const addresses = await resolve(options, waiting);
      const errors: unknown[] = [];
      for (const address of addresses) {
        try {
          return await connect(address, options, identity, waiting);
        } catch (error) {
          waiting.signal?.throwIfAborted();
          if (codeOf(error) === "ECONNREFUSED")
            log("network.refused", { host: options.host, port: options.port, address: formatAddress(address) });
          if (codeOf(error) === "EMFILE") log("limits.refused", { limit: "open-files" });
          errors.push(error);
        }
      }
      throw errors[0];
    },
  };
}

async function listen(
  options: ListenOptions & { readonly host: string },
  identity: Identity,
  onConnection: (socket: Socket) => void,
): Promise<Listener> {
  const { host, port, tls = false, halfOpen = false, pauseOnConnect = false, highWaterMark } = options;
  const secureContext = tls ? serverContext(identity) : undefined;
  const server = createServer(
    { allowHalfOpen: halfOpen, noDelay: true, pauseOnConnect: pauseOnConnect && !tls, ...atMost(highWaterMark) },
    (accepted) => {
      const tcp = withSafeReset(accepted);
      if (secureContext === undefined) onConnection(tcp);
      else acceptSecure(tcp, secureContext, (secure) => onConnection(pauseOnConnect ? secure.pause() : secure));
    },
  );
  server.listen({ host, port });
  await once(server, "listening");
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("a TCP server has an address");
  return {
    address: { host: bound.address, port: bound.port },
    [Symbol.asyncDispose]: async () => {
      // Closes the door at once; the callback would wait for the connections, which live on.
      server.close();
    },
  };
}

async function connect(
  address: Address,
  options: ConnectOptions,
  identity: Identity,
  { signal }: Waiting,
): Promise<Socket> {
  signal?.throwIfAborted();
  const { host, port } = address;
  const { halfOpen = false, highWaterMark, onRead } = options;
  const lending = onRead === undefined ? {} : { onread: lendTo(onRead) };
  const tcp = withSafeReset(
    connectTcp({ host, port, allowHalfOpen: halfOpen, noDelay: true, ...atMost(highWaterMark), ...lending }),
  );
  const abort = (): void => void tcp.destroy(signal?.reason);
  signal?.addEventListener("abort", abort);
  try {
    await once(tcp, "connect");
    return options.tls === true ? await connectSecure(tcp, options.servername ?? options.host, identity) : tcp;
  } catch (error) {
    tcp.destroy();
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}

function atMost(highWaterMark: number | undefined): { readonly highWaterMark?: number } {
  return highWaterMark === undefined ? {} : { highWaterMark };
}

async function abortable<T>(promise: Promise<T>, { signal }: Waiting): Promise<T> {
  if (signal === undefined) return promise;
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener("abort", abort);
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
