/**
 * Whose a connection is. A proxy that stands alone numbers those that it accepts; within a chain it is the link's client that counts, not the proxy that has
 * dialled.
 */
import type { Address, ConnectOptions, Host, Socket, Waiting } from "../host/host.ts";

export interface Caller {
  /** Which one of the link's, counted from 1. */
  readonly connection: number;
  /** Who is at its other end. It is asked for when somebody wants to know, since that is a call to the kernel. */
  readonly client: () => Address;
}

/** What a proxy asks and tells if others are in front of it, or behind it. */
export interface Neighbours {
  /** Calls back when it is known whose it is; for strangers it never does. */
  readonly admit?: (socket: Socket, then: (caller: Caller) => void) => void;
  /** For this caller somebody is connected now, from that port: before anything is said. */
  readonly onDialled?: (caller: Caller, to: Address, from: number) => void;
  /** For this caller nobody could be connected. */
  readonly onDialFailed?: (caller: Caller, to: Address | undefined, error: unknown) => void;
}

export function createAdmission({ admit }: Neighbours): NonNullable<Neighbours["admit"]> {
  let accepted = 0;
  return (
    admit ??
    ((socket, then) => {
      accepted += 1;
      then({
        connection: accepted,
        client: () => ({ host: socket.remoteAddress ?? "", port: socket.remotePort ?? 0 }),
      });
    })
  );
}

export interface Dial {
  readonly host: Host;
  readonly caller: Caller;
  readonly neighbours: Neighbours;
  /** Asked anew for every dial. */
  readonly to: () => Promise<Address>;
}

export async function dialFor(
  { host, caller, neighbours: { onDialled, onDialFailed }, to }: Dial,
  options: Omit<ConnectOptions, "host" | "port" | "onOpen">,
  waiting: Waiting,
): Promise<Socket> {
  let address: Address | undefined;
  try {
    address = await to();
    const { host: name, port } = address;
    const onOpen = (from: number): void => onDialled?.(caller, { host: name, port }, from);
    return await host.network.connect({ ...options, host: name, port, onOpen }, waiting);
  } catch (error) {
    if (waiting.signal?.aborted !== true) onDialFailed?.(caller, address, error);
    throw error;
  }
}
