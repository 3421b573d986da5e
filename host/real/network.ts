import type { LookupAddress } from "node:dns";
import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { resolve as resolvePath } from "node:path";
import { Socket as TcpSocket, createServer, isIP, connect as connectTcp, type OnReadOpts, type Server } from "node:net";
import type {
  Address,
  ConnectOptions,
  Listener,
  ListenOptions,
  Log,
  Network,
  Random,
  Socket,
  Waiting,
} from "../host.ts";
import { formatAddress, parseAddress } from "../address.ts";
import { codeOf } from "../error-code.ts";
import { noticeSilence } from "../unanswered.ts";
import { realClock } from "./clock.ts";
import { bindUdp } from "./datagrams.ts";
import { lending, takeOver } from "./lend.ts";
import { connectLocal, listenLocal } from "./local-socket.ts";
import { createResolver } from "../resolver.ts";
import { lookInHosts, openQuestionSocket, readResolution, type NameServers } from "./ask.ts";
import { withSafeReset } from "./reset.ts";
import { acceptSecure, connectSecure, createContexts, createTrust, serveSecure, serverContext } from "./secure.ts";
import type { Identity } from "./secure.ts";
import type { SecureContext } from "node:tls";
import { canSharePorts, createSilences, type Silence, type Silences } from "./silence.ts";

const loopback = "127.0.0.1";
const everywhere = "0.0.0.0";
const hostsFile = "/etc/hosts";
const notAccepted = "this takes a connection that a listener of the same host has accepted";

export interface NetworkOptions {
  /** Of the service: what paths of Unix domain sockets are relative to. */
  readonly directory: string;
  readonly names: Readonly<Record<string, string>> | undefined;
  /** None: the system's resolver is asked. With a file, /etc/hosts is looked at first. */
  readonly nameServers: NameServers | undefined;
  readonly identity: Identity;
  readonly random: Random;
  readonly log: Log;
}

export function createNetwork({ directory, names, nameServers, identity, random, log }: NetworkOptions): Network {
  const trusted = createTrust(identity);
  const ask = createResolver({
    resolution: () => readResolution(nameServers ?? []),
    openUdp: openQuestionSocket,
    connect: (server, waiting) => connect(server, server, { trusted, tell: () => {}, ...waiting }),
    clock: realClock,
    random,
  });
  const resolve = async ({ host, port }: Address, waiting: Waiting = {}): Promise<readonly Address[]> => {
    const known = names?.[formatAddress({ host, port })];
    if (known !== undefined) return [parseAddress(known)];
    if (isIP(host) !== 0) return [{ host, port }];
    if (nameServers !== undefined) {
      const own = typeof nameServers === "string" ? await lookInHosts(hostsFile, host) : undefined;
      if (own !== undefined) return [{ host: own, port }];
      if (host === "localhost") return [{ host: loopback, port }];
      return (await ask(host, waiting)).map((found) => ({ host: found, port }));
    }
    const found = await abortable(lookUp(host), waiting);
    return found.map((entry) => ({ host: entry.address, port }));
  };

  const contextOf = createContexts(identity);
  const silences = createSilences();
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

    lend(socket, onRead) {
      if (!(socket instanceof TcpSocket)) throw new TypeError(notAccepted);
      return withSafeReset(takeOver(socket, onRead));
    },

    async secure(socket, { certificate, alpn }, { signal } = {}) {
      if (!(socket instanceof TcpSocket)) throw new TypeError(notAccepted);
      // Whatever befalls it before TLS has taken over ends the handshake.
      socket.on("error", () => {});
      return abortingTcp(socket, signal, async () => {
        const secureContext = await contextOf(certificate);
        signal?.throwIfAborted();
        return serveSecure(socket, { secureContext, ...(alpn !== undefined && { alpn }) });
      });
    },

    async listen(options, onConnection) {
      const { socketPath, host = everywhere } = options;
      if (socketPath !== undefined) {
        const local = await listenLocal(resolvePath(directory, socketPath), options, onConnection);
        return { ...local, address: { host: socketPath, port: 0 } };
      }
      const mapped = names !== undefined && options.port !== 0;
      const listener = await listen(
        {
          ...options,
          host: names !== undefined && host === everywhere ? loopback : host,
          port: mapped ? 0 : options.port,
        },
        { identity, silences },
        onConnection,
      );
      if (mapped) log("network.listening", { port: options.port, address: formatAddress(listener.address) });
      return listener;
    },

    prepareSilence: () => silences.ready(),

    async bind({ host = names === undefined ? everywhere : loopback, port }, onDatagram) {
      const mapped = names !== undefined && port !== 0;
      const socket = await bindUdp({ host, port: mapped ? 0 : port }, onDatagram);
      if (mapped) log("network.bound", { port, address: formatAddress(socket.address) });
      return socket;
    },

    async connect(options, waiting = {}) {
      if (options.socketPath !== undefined)
        return connectLocal(resolvePath(directory, options.socketPath), options, waiting);
      const addresses = options.addresses ?? (await resolve(options, waiting));
      const errors: unknown[] = [];
      for (const address of addresses) {
        try {
          const tell = (): void =>
            log("network.unanswered", { host: options.host, port: options.port, address: formatAddress(address) });
          return await connect(address, options, { trusted, tell, ...(waiting.signal && { signal: waiting.signal }) });
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
  { identity, silences }: { readonly identity: Identity; readonly silences: Silences },
  onConnection: (socket: Socket) => void,
): Promise<Listener> {
  const { host, port, tls = false, oldestTls, halfOpen = false, pauseOnConnect = false, highWaterMark } = options;
  const secureContext = tls ? serverContext(identity, oldestTls) : undefined;
  const open = async (at: Address, reusePort: boolean): Promise<Server> => {
    const server = createServer(
      { allowHalfOpen: halfOpen, noDelay: true, pauseOnConnect: pauseOnConnect && !tls, ...atMost(highWaterMark) },
      (accepted) => {
        const tcp = withSafeReset(accepted);
        if (secureContext === undefined) onConnection(tcp);
        else acceptSecure(tcp, secureContext, (secure) => onConnection(pauseOnConnect ? secure.pause() : secure));
      },
    );
    server.listen({ ...at, reusePort });
    await once(server, "listening");
    return server;
  };
  // Closing it shuts the door at once; its callback would wait for the connections, which live on.
  let server = await open({ host, port }, false);
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("a TCP server has an address");
  const address = { host: bound.address, port: bound.port };
  let silence: Silence | undefined;
  let closed = false;
  return {
    address,
    async silence() {
      if (silence !== undefined) throw new Error(`${formatAddress(address)} is silent already`);
      const silent = await silences.prepare();
      silence = silent;
      server.close();
      try {
        await silent.begin(address);
      } catch (error) {
        await silent.end();
        throw error;
      }
      return {
        async [Symbol.asyncDispose]() {
          if (silence === undefined) return;
          silence = undefined;
          if (!canSharePorts) await silent.end();
          if (!closed) server = await open(address, canSharePorts);
          await silent.end();
        },
      };
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      server.close();
      await silence?.end();
    },
  };
}

async function connect(
  address: Address,
  options: ConnectOptions,
  { trusted, tell, signal }: Waiting & { readonly trusted: () => SecureContext | undefined; readonly tell: () => void },
): Promise<Socket> {
  signal?.throwIfAborted();
  const { host, port } = address;
  const { servername = options.host, alpn, halfOpen = false, highWaterMark, onRead } = options;
  const open = (onread?: OnReadOpts): TcpSocket => {
    const lent = onread === undefined ? {} : { onread };
    return connectTcp({ host, port, allowHalfOpen: halfOpen, noDelay: true, ...atMost(highWaterMark), ...lent });
  };
  const tcp = withSafeReset(onRead === undefined ? open() : lending(onRead, open));
  return abortingTcp(tcp, signal, async () => {
    await noticeSilence(once(tcp, "connect"), { clock: realClock, tell, ...(signal && { signal }) });
    options.onOpen?.(tcp.localPort ?? 0);
    return options.tls === true ? connectSecure(tcp, { servername, alpn }, trusted()) : tcp;
  });
}

/** Of a connection that comes to nothing, or that the signal ends before it has come about, nothing is left. */
async function abortingTcp<T>(tcp: TcpSocket, signal: AbortSignal | undefined, begin: () => Promise<T>): Promise<T> {
  const abort = (): void => void tcp.destroy(signal?.reason);
  signal?.addEventListener("abort", abort);
  try {
    signal?.throwIfAborted();
    return await begin();
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
