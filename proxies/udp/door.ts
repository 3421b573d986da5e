/** The socket on which a relay hears its clients, which faults may shut for a while: then the kernel says that nobody waits at that port (ICMP). */
import type { Address, DatagramSocket, Host } from "../../host/host.ts";

export interface UdpDoorOptions {
  readonly host: Host;
  readonly listen: { readonly host?: string; readonly port: number };
  readonly onDatagram: (bytes: Uint8Array, from: Address) => void;
}

export interface UdpDoor extends AsyncDisposable {
  readonly address: Address;
  /** While it is shut, what is sent is lost. */
  send(bytes: Uint8Array, to: Address): void;
  /** Disposing the last one opens it again. @throws {Error} with a `cause` if somebody else has taken the port and keeps it. */
  shut(): Promise<AsyncDisposable>;
}

/** A socket of somebody else's question may have been given our port meanwhile; questions tend to be short: 5 s. */
const triesToReopen = 200;
const pauseBetweenTriesMs = 25;

export async function openUdpDoor({ host, listen, onDatagram }: UdpDoorOptions): Promise<UdpDoor> {
  let socket: DatagramSocket | undefined = await host.network.bind(listen, onDatagram);
  const { address } = socket;
  const bars = new Set<object>();
  const disposed = new AbortController();
  /** Openings and closings follow one another; each does what is wanted by then. */
  let change = Promise.resolve();

  function settle(): Promise<void> {
    change = change.then(adjust, adjust);
    return change;
  }

  async function adjust(): Promise<void> {
    if (disposed.signal.aborted || bars.size > 0) {
      const closing = socket;
      socket = undefined;
      await closing?.[Symbol.asyncDispose]();
    } else await open();
  }

  async function open(): Promise<void> {
    for (let tries = 1; socket === undefined && bars.size === 0 && !disposed.signal.aborted; tries += 1) {
      try {
        socket = await host.network.bind({ ...listen, port: address.port }, onDatagram);
      } catch (cause) {
        const { code } = cause as { readonly code?: unknown };
        if (tries === triesToReopen || code !== "EADDRINUSE")
          throw new Error(`port ${address.port} can't be bound again (${String(code)})`, { cause });
        // Whoever disposes the door does not wait for the port.
        await host.clock.sleep(pauseBetweenTriesMs, disposed).catch(() => undefined);
      }
    }
  }

  return {
    address,
    send: (bytes, to) => socket?.send(bytes, to),
    async shut() {
      const bar = {};
      bars.add(bar);
      await settle();
      return {
        async [Symbol.asyncDispose]() {
          bars.delete(bar);
          await settle();
        },
      };
    },
    async [Symbol.asyncDispose]() {
      disposed.abort();
      await settle();
    },
  };
}
