/** The listening socket, which a fault may shut for a while: the same address is bound again afterwards. */
import type { Address, Host, Listener, Socket } from "../../host/host.ts";

/** Of a proxy's sockets: with less, a fast sender is paused and let go again for each read. */
export const highWaterMark = 256 * 1024;

export interface DoorOptions {
  readonly host: Host;
  readonly listen: { readonly host?: string; readonly port: number };
  readonly onConnection: (socket: Socket) => void;
}

export interface Door extends AsyncDisposable {
  readonly address: Address;
  /**
   * Connects are refused until all that have shut it are disposed. Disposing the last opens the door again.
   * @throws {Error} with a `cause` if somebody else has taken the port and keeps it.
   */
  shut(): AsyncDisposable;
}

/** An outgoing connection of somebody else may have been given our port meanwhile; they tend to be short: 5 s. */
const triesToReopen = 200;
const pauseBetweenTriesMs = 25;

export async function openDoor({ host, listen, onConnection }: DoorOptions): Promise<Door> {
  const options = { ...listen, halfOpen: true, pauseOnConnect: true, highWaterMark };
  let listener: Listener | undefined = await host.network.listen(options, onConnection);
  const { address } = listener;
  const shutters = new Set<object>();
  const disposed = new AbortController();
  /** Openings and closings follow one another; each does what is wanted by then. */
  let change = Promise.resolve();

  function settle(): Promise<void> {
    change = change.then(
      () => adjust(),
      () => adjust(),
    );
    return change;
  }

  const wanted = (): boolean => !disposed.signal.aborted && shutters.size === 0;

  async function adjust(): Promise<void> {
    if (!wanted()) {
      const closing = listener;
      listener = undefined;
      await closing?.[Symbol.asyncDispose]();
    }
    for (let tries = 1; listener === undefined && wanted(); tries += 1) {
      try {
        listener = await host.network.listen({ ...options, host: address.host, port: address.port }, onConnection);
      } catch (error) {
        if (tries === triesToReopen || !isTaken(error)) throw cannotReopen(address, error);
        // Whoever disposes the door does not wait for the port.
        await host.clock.sleep(pauseBetweenTriesMs, disposed).catch(() => undefined);
      }
    }
  }

  return {
    address,
    shut() {
      const shutter = {};
      shutters.add(shutter);
      // A failure is the next opening's, which is waited for.
      settle().catch(() => undefined);
      return {
        async [Symbol.asyncDispose]() {
          shutters.delete(shutter);
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

function cannotReopen({ host, port }: Address, cause: unknown): Error {
  const why = isTaken(cause)
    ? "somebody else took the port while the proxy did not listen, and keeps it"
    : cause instanceof Error
      ? cause.message
      : String(cause);
  return new Error(`the proxy can't listen on port ${port} of ${host} again: ${why}`, { cause });
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EADDRINUSE";
}
