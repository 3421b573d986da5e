/** The network as the programs of a simulation have it: the same as the real host's, over simulated TCP. */
import { isIP } from "node:net";
import { codeOf } from "../error-code.ts";
import { formatAddress } from "../address.ts";
import type { Certificate, Clock, Log, Network, Random } from "../host.ts";
import { usualResolution, type Resolution } from "../resolv-conf.ts";
import { createResolver } from "../resolver.ts";
import { noticeSilence } from "../unanswered.ts";
import { bindUdp } from "./datagrams.ts";
import { connectLocal, listenLocal } from "./local-socket.ts";
import type { SimulatedProcess } from "./process.ts";
import {
  acceptSecure,
  certificateOf,
  checked,
  connectSecure,
  type SimulatedCertificate,
  type SimulatedIdentity,
} from "./secure.ts";
import { SimulatedSocket, type SocketOptions } from "./socket.ts";
import type { TcpEnd } from "./tcp.ts";
import { connectTcp, listenTcp, type TcpOptions } from "./tcp-connect.ts";
import type { VirtualTime } from "./time.ts";
import { createWire, everywhere, loopback } from "./wire.ts";

/** The network that all machines of a simulation are on. */
export interface SimulatedNetwork {
  /** As one process sees it. */
  of(options: NetworkOptions): Network;
}

export interface NetworkOptions {
  readonly process: SimulatedProcess;
  /** Of its machine: the first one is where its connections come from. */
  readonly addresses: readonly string[];
  readonly names: Names;
  readonly identity: SimulatedIdentity;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** How a machine finds the addresses of names. */
export interface Names {
  /** Like `/etc/hosts`: names and their addresses. */
  readonly table: ReadonlyMap<string, string>;
  /** Whom to ask for all others, at this moment; undefined: nobody. */
  readonly resolution: () => Resolution | undefined;
}

export function createNetwork({ time }: { readonly time: VirtualTime }): SimulatedNetwork {
  const wire = createWire(time);
  return {
    of({ process, addresses, names, identity, clock, random, log }) {
      const tcp: TcpOptions = { time, wire, process, station: wire.attach(addresses) };
      const socketOf = (end: TcpEnd, options: Omit<SocketOptions, "end" | "clock"> = {}): SimulatedSocket =>
        new SimulatedSocket({ end, clock, ...options });

      const udp = { wire, station: tcp.station, process };
      const ask = createResolver({
        resolution: async () => names.resolution() ?? { ...usualResolution, servers: [] },
        openUdp(server, { onDatagram, onRefused }) {
          const socket = bindUdp(
            udp,
            { host: everywhere, port: 0 },
            {
              onDatagram(bytes, { host, port }) {
                if (host === server.host && port === server.port) onDatagram(bytes);
              },
              onRefused,
            },
          );
          return { send: (bytes) => socket.send(bytes, server), [Symbol.dispose]: () => socket[Symbol.dispose]() };
        },
        connect: async (server, waiting) => socketOf(await connectTcp(tcp, server, waiting)),
        clock,
        random,
      });
      const resolve: Network["resolve"] = async ({ host, port }, waiting = {}) => {
        waiting.signal?.throwIfAborted();
        const known = isIP(host) === 0 ? (names.table.get(host) ?? ownNames.get(host)) : host;
        if (known !== undefined) return [{ host: known, port }];
        if (names.resolution() !== undefined) return (await ask(host, waiting)).map((found) => ({ host: found, port }));
        throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), {
          code: "ENOTFOUND",
          syscall: "getaddrinfo",
          hostname: host,
        });
      };

      return {
        resolve,

        lend: (socket, onRead) => socket.on("data", (bytes: Uint8Array) => onRead(bytes)),

        prepareSilence: async () => ({ [Symbol.asyncDispose]: async () => {} }),

        async secure(socket, { certificate, alpn }, { signal } = {}) {
          if (!(socket instanceof SimulatedSocket))
            throw new TypeError("TLS is served on connections that a listener has accepted");
          const own = made(certificate, identity);
          const end = socket.release();
          const alpnProtocol = await closingOnFailure(end, acceptSecure(end, own, alpn), signal);
          return socketOf(end, { halfOpen: socket.allowHalfOpen, alpnProtocol });
        },

        async listen(
          { host = everywhere, port, socketPath, tls = false, pauseOnConnect = false, ...options },
          onConnection,
        ) {
          if (socketPath !== undefined) {
            return listenLocal(tcp, socketPath, (end) =>
              onConnection(socketOf(end, { ...options, paused: pauseOnConnect, local: true })),
            );
          }
          const certificate = tls ? certificateOf(identity) : undefined;
          const [at = { host, port }] = await resolve({ host, port });
          const accept = (end: TcpEnd): void => onConnection(socketOf(end, { ...options, paused: pauseOnConnect }));
          // The program hears only of those whose handshake went well; a client that fails it is gone without a word, as behind any server.
          const shakeHands = async (end: TcpEnd, own: SimulatedCertificate): Promise<void> => {
            const protocol = await acceptSecure(end, own).catch(() => undefined);
            if (protocol !== undefined) process.deliver(() => accept(end));
          };
          const binding = listenTcp(
            tcp,
            at,
            certificate === undefined ? accept : (end) => void shakeHands(end, certificate),
          );
          return {
            address: binding.address,
            async silence() {
              const silence = binding.silence();
              return { [Symbol.asyncDispose]: async () => silence[Symbol.dispose]() };
            },
            [Symbol.asyncDispose]: async () => binding[Symbol.dispose](),
          };
        },

        async bind({ host = everywhere, port }, onDatagram) {
          const [at = { host, port }] = await resolve({ host, port });
          const socket = bindUdp(udp, at, { onDatagram });
          return {
            address: socket.address,
            send: socket.send,
            [Symbol.asyncDispose]: async () => socket[Symbol.dispose](),
          };
        },

        async connect(options, waiting = {}) {
          const {
            tls = false,
            servername = options.host,
            alpn = [],
            halfOpen = false,
            highWaterMark,
            onRead,
            onOpen,
          } = options;
          if (options.socketPath !== undefined)
            return socketOf(await connectLocal(tcp, options.socketPath, waiting), { halfOpen, local: true });
          const manners = { halfOpen, ...(highWaterMark !== undefined && { highWaterMark }) };
          const wanted = { servername, alpn, wall: () => clock.wall() };
          const errors: unknown[] = [];
          for (const address of options.addresses ?? (await resolve(options, waiting))) {
            try {
              const tell = (): void =>
                log("network.unanswered", { host: options.host, port: options.port, address: formatAddress(address) });
              const end = await noticeSilence(connectTcp(tcp, address, waiting), {
                clock,
                tell,
                ...(waiting.signal && { signal: waiting.signal }),
              });
              onOpen?.(end.local.port);
              if (tls) {
                const handshake = connectSecure(end, wanted, identity);
                const alpnProtocol = await closingOnFailure(end, handshake, waiting.signal);
                return socketOf(end, { ...manners, alpnProtocol });
              }
              const socket = socketOf(end, manners);
              return onRead === undefined ? socket : socket.on("data", (bytes: Uint8Array) => onRead(bytes));
            } catch (error) {
              waiting.signal?.throwIfAborted();
              if (isRefusal(error))
                log("network.refused", { host: options.host, port: options.port, address: formatAddress(address) });
              errors.push(error);
            }
          }
          throw errors[0];
        },
      };
    },
  };
}

/** As the authority that the world has lent makes it. */
function made({ names, notBefore, notAfter, issuer }: Certificate, identity: SimulatedIdentity): SimulatedCertificate {
  if (identity.issuer === undefined) {
    throw new Error("this host can't make certificates: the world lends its authority to the host of its proxies");
  }
  const authority = issuer === "trusted" ? identity.issuer : "an authority that nobody knows";
  return checked({ names, notBefore, notAfter, ...(issuer !== "itself" && { authority }) });
}

/** What every machine calls itself. */
const ownNames: ReadonlyMap<string, string> = new Map([["localhost", loopback]]);

/** Of a handshake that fails, or that the signal ends, nothing is left. */
async function closingOnFailure<T>(end: TcpEnd, handshake: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal?.reason);
  signal?.addEventListener("abort", abort);
  if (signal?.aborted === true) abort();
  try {
    return await Promise.race([handshake, aborted]);
  } catch (error) {
    end.close();
    throw error;
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}

function isRefusal(error: unknown): boolean {
  return codeOf(error) === "ECONNREFUSED";
}
