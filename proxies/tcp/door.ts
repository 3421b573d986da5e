/** The listening socket, which a fault may shut for a while: the same address is bound again afterwards. */
import type { Address, Host, Listener, Socket } from "../../host/host.ts";

export interface DoorOptions {
  readonly host: Host;
  readonly listen: { readonly host?: string; readonly port: number };
  readonly onConnection: (socket: Socket) => void;
}

export interface Door extends AsyncDisposable {
  readonly address: Address;
  /** Connects are refused until all that have shut it are disposed. */
  shut(): AsyncDisposable;
}

/** An outgoing connection of somebody else may have been given our port meanwhile; they tend to be short. */
const triesToReopen = 200;
const pauseBetweenTriesMs = 25;

export async function openDoor({ host, listen, onConnection }: DoorOptions): Promise<Door> {
  const options = { ...listen, halfOpen: true, pauseOnConnect: true };
  let listener: Listener | undefined = await host.network.listen(options, onConnection);
  const { address } = listener;
  const shutters = new Set<object>();
  let disposed = false;
  /** Openings and closings follow one another; each does what is wanted by then. */
  let change = Promise.resolve();

  function settle(): Promise<void> {
    change = change.then(
      () => adjust(),
      () => adjust(),
    );
    return change;
  }

  const wanted = (): boolean => !disposed && shutters.size === 0;

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
        if (tries === triesToReopen || !isTaken(error)) throw error;
        await host.clock.sleep(pauseBetweenTriesMs);
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
      disposed = true;
      await settle();
    },
  };
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EADDRINUSE";
}
