/** Unix domain sockets of a simulated machine: connections within it, that have a path where others have an address. */
import type { Listener, Waiting } from "../host.ts";
import { systemError } from "./process.ts";
import type { TcpEnd } from "./tcp.ts";
import { connectTcp, listenTcp, type TcpOptions } from "./tcp-connect.ts";
import { loopback } from "./wire.ts";

/** A path at which nobody listens any more is taken over. */
export function listenLocal(tcp: TcpOptions, path: string, accept: (end: TcpEnd) => void): Listener {
  const { localSockets, tcp: ports } = tcp.station;
  const there = localSockets.get(path);
  if (there !== undefined && ports.receiverAt(there) !== undefined)
    throw Object.assign(systemError("EADDRINUSE", "listen", path), { address: path });
  const binding = listenTcp(tcp, { host: loopback, port: 0 }, accept);
  localSockets.set(path, binding.address);
  return {
    address: { host: path, port: 0 },
    silence: () => Promise.reject(new Error(`${path} is a Unix domain socket: nothing gets lost on the way to it`)),
    async [Symbol.asyncDispose]() {
      if (localSockets.get(path) === binding.address) localSockets.delete(path);
      binding[Symbol.dispose]();
    },
  };
}

/** @throws {Error} with `code` ENOENT, or ECONNREFUSED if a process that has died has left the path behind. */
export async function connectLocal(tcp: TcpOptions, path: string, waiting: Waiting): Promise<TcpEnd> {
  const there = tcp.station.localSockets.get(path);
  if (there === undefined) throw Object.assign(systemError("ENOENT", "connect", path), { address: path });
  return connectTcp(tcp, there, waiting);
}
