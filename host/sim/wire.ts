/**
 * What lies between simulated machines: who has which address and port, and how long a packet takes.
 *
 *     program ── socket ── station (a machine's network stack) ── wire ── station ── socket ── program
 *
 * Nothing is lost and nothing overtakes: that is for faults to do. A packet is a callback, called at its arrival, in no program's context; what it
 * has for a program goes through the door of its process.
 */
import type { Address } from "../host.ts";
import { systemError } from "./process.ts";
import type { Syn } from "./tcp-connect.ts";
import type { VirtualTime } from "./time.ts";

export interface Wire {
  /** The network stack of the machine that has these addresses: the same for all its processes, and it stays when they end. */
  attach(addresses: readonly string[]): Station;
  /** Whom a packet from a station to an address reaches; undefined: nobody has that address. */
  stationAt(host: string, from: Station): Station | undefined;
  /** Calls when a packet that is sent now arrives: in the order of sending, and never before all has settled here. */
  carry(arrive: () => void): void;
  /** Calls in a later turn of this very moment. */
  soon(callback: () => void): void;
}

export interface Station {
  readonly addresses: readonly string[];
  readonly tcp: Ports<TcpReceiver>;
  readonly udp: Ports<UdpReceiver>;
  /** Unix domain sockets, by their paths: each leads to a port of the loopback. */
  readonly localSockets: Map<string, Address>;
  /** Where packets to that address come from. */
  sourceFor(host: string): string;
}

/** One of the two port spaces of a machine. */
export interface Ports<Receiver> {
  /**
   * Takes a port, or any free one for 0; `0.0.0.0` takes it on all addresses. Without a receiver it is a client's: nobody is reached through it.
   *
   * @throws {Error} with `code` EADDRINUSE or EADDRNOTAVAIL.
   */
  bind(address: Address, syscall: "listen" | "bind" | "connect", receiver?: Receiver): Binding;
  /** Who gets what is sent to this address. */
  receiverAt(address: Address): Receiver | undefined;
}

/** Disposing it frees the port. */
export interface Binding extends Disposable {
  readonly address: Address;
}

/** Tells whether the SYN was taken, or dropped. */
export type TcpReceiver = (syn: Syn) => boolean;
export type UdpReceiver = (bytes: Uint8Array, from: Address) => void;

/** One way, between any two machines and within one. */
export const latencyMs = 0.1;
export const everywhere = "0.0.0.0";
export const loopback = "127.0.0.1";
/** Linux's `ip_local_port_range`. */
const ephemeral = { first: 32768, last: 60999 };

export function createWire(time: VirtualTime): Wire {
  const owners = new Map<string, Station>();
  return {
    attach(addresses) {
      const [first] = addresses;
      if (first === undefined) throw new RangeError("a machine needs an address: give it one of 198.18.0.0/15");
      const known = owners.get(first);
      if (known !== undefined) return known;
      const station = createStation(addresses);
      for (const address of addresses) owners.set(address, station);
      return station;
    },
    stationAt: (host, from) => (isLocal(host) ? from : owners.get(host)),
    carry: (arrive) => void time.at(time.now() + latencyMs, arrive),
    soon: (callback) => void time.at(time.now(), callback),
  };
}

function createStation(addresses: readonly string[]): Station {
  const [first = loopback] = addresses;
  const own = new Set(addresses);
  const bySubnet = new Map(addresses.toReversed().map((address) => [subnetOf(address), address]));
  const has = (host: string): boolean => isLocal(host) || own.has(host);
  return {
    addresses,
    tcp: createPorts(has),
    udp: createPorts(has),
    localSockets: new Map(),
    sourceFor(host) {
      if (isLocal(host)) return loopback;
      return own.has(host) ? host : (bySubnet.get(subnetOf(host)) ?? first);
    },
  };
}

/** A /24, as all of them are in the local world. */
function subnetOf(host: string): string {
  return host.slice(0, host.lastIndexOf("."));
}

interface Bound<Receiver> extends Binding {
  readonly receiver: Receiver | undefined;
}

function createPorts<Receiver>(has: (host: string) => boolean): Ports<Receiver> {
  const taken = new Map<number, Map<string, Bound<Receiver>>>();
  let next = ephemeral.first;

  const overlaps = (host: string, port: number): boolean => {
    const there = taken.get(port);
    return there !== undefined && (host === everywhere || there.has(host) || there.has(everywhere));
  };

  const freePort = (host: string): number | undefined => {
    for (let tried = ephemeral.first; tried <= ephemeral.last; tried += 1) {
      const port = next;
      next = port === ephemeral.last ? ephemeral.first : port + 1;
      if (!overlaps(host, port)) return port;
    }
    return undefined;
  };

  return {
    bind({ host, port: wanted }, syscall, receiver) {
      if (!has(host)) throw bindError("EADDRNOTAVAIL", syscall, { host, port: wanted });
      const port = wanted === 0 ? freePort(host) : wanted;
      if (port === undefined || overlaps(host, port)) {
        // A client's own port is none of its business: it only hears that none is left.
        throw bindError(syscall === "connect" ? "EADDRNOTAVAIL" : "EADDRINUSE", syscall, { host, port: wanted });
      }
      const bound: Bound<Receiver> = {
        address: { host, port },
        receiver,
        [Symbol.dispose]() {
          const there = taken.get(port);
          if (there?.get(host) !== bound) return;
          there.delete(host);
          if (there.size === 0) taken.delete(port);
        },
      };
      const there = taken.get(port);
      if (there === undefined) taken.set(port, new Map([[host, bound]]));
      else there.set(host, bound);
      return bound;
    },
    receiverAt({ host, port }) {
      const there = taken.get(port);
      return (there?.get(host) ?? there?.get(everywhere))?.receiver;
    },
  };
}

/** What never leaves a machine, and all that it has. */
function isLocal(host: string): boolean {
  return host.startsWith("127.") || host === everywhere;
}

function bindError(code: "EADDRINUSE" | "EADDRNOTAVAIL", syscall: string, { host, port }: Address): Error {
  const why = { EADDRINUSE: "address already in use", EADDRNOTAVAIL: "address not available" };
  const where = port === 0 ? host : `${host}:${port}`;
  // As Node words it: only listening says why.
  const error = systemError(code, syscall, where);
  if (syscall === "listen") error.message = `listen ${code}: ${why[code]} ${where}`;
  return Object.assign(error, { address: host, port });
}
