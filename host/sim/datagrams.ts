/**
 * Simulated UDP: each datagram finds its way alone, and is lost in silence where nobody waits for it.
 *
 *     send ── wire ──► the receiver's buffer ──► its program; full: lost
 */
import { formatAddress } from "../address.ts";
import { createDatagramCheck } from "../datagram.ts";
import type { Address } from "../host.ts";
import { systemError, type SimulatedProcess } from "./process.ts";
import { everywhere, type Binding, type Station, type Wire } from "./wire.ts";

/** Linux's `rmem_default`. */
const bufferBytes = 212_992;

export interface UdpOptions {
  readonly wire: Wire;
  readonly station: Station;
  readonly process: SimulatedProcess;
}

export interface UdpSocket extends Disposable {
  readonly address: Address;
  /** @throws {Error} with `code` EMSGSIZE. */
  readonly send: (bytes: Uint8Array, to: Address) => void;
}

export interface UdpReader {
  readonly onDatagram: (bytes: Uint8Array, from: Address) => void;
  /** The machine is there, and nobody waits at that port: ICMP says so, but the kernel tells only who has connected his socket. */
  readonly onRefused?: (to: Address) => void;
}

/** @throws {Error} with `code` EMFILE, EADDRINUSE, EADDRNOTAVAIL. */
export function bindUdp({ wire, station, process }: UdpOptions, at: Address, reader: UdpReader): UdpSocket {
  using resources = new DisposableStack();
  resources.use(openSocket(process, at));
  const binding: Binding = resources.use(station.udp.bind(at, "bind", receive));
  const { address } = binding;
  const check = createDatagramCheck();
  let buffered = 0;
  let closed = false;
  resources.defer(() => (closed = true));
  const owner = process.own(resources.move());

  return {
    address,
    send(bytes, to) {
      check(bytes, to);
      if (closed) return;
      const sent = Buffer.from(bytes);
      const from = {
        host: address.host === everywhere ? station.sourceFor(to.host) : address.host,
        port: address.port,
      };
      wire.carry(() => {
        const there = wire.stationAt(to.host, station);
        const receiver = there?.udp.receiverAt(to);
        if (receiver !== undefined) receiver(sent, from);
        else if (there !== undefined) wire.carry(() => deliver(() => reader.onRefused?.(to)));
      });
    },
    [Symbol.dispose]: () => owner[Symbol.dispose](),
  };

  function receive(bytes: Uint8Array, from: Address): void {
    const taken = memoryOf(bytes.length);
    if (buffered + taken > bufferBytes) return;
    buffered += taken;
    deliver(() => {
      buffered -= taken;
      reader.onDatagram(bytes, from);
    });
  }

  /** The socket may be closed before the program goes on. */
  function deliver(callback: () => void): void {
    process.deliver(() => {
      if (!closed) callback();
    });
  }
}

/** As the call that needs the descriptor words it. */
function openSocket(process: SimulatedProcess, at: Address): Disposable {
  try {
    return process.openDescriptor();
  } catch {
    throw systemError("EMFILE", "bind", formatAddress(at));
  }
}

/** What a datagram takes of the buffer on Linux (its `truesize`): headers and the kernel's own records, rounded up to what the allocator gives. */
function memoryOf(length: number): number {
  if (length <= 190) return 832;
  return length < 32_000
    ? 256 + 2 ** Math.ceil(Math.log2(length + 362))
    : 512 + 4096 * Math.ceil((length + 362) / 4096);
}
