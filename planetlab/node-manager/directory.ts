/** Where PLC is: its addresses, asked for again and again, and remembered for when nobody knows. */
import type { Address, ConnectOptions, Host, Log, Socket, Waiting } from "../../host/host.ts";
import type { Guards } from "./guards.ts";

export interface Directory {
  /** As `host.network.connect`, and throws what that throws. */
  connect(options: ConnectOptions, waiting?: Waiting): Promise<Socket>;
}

export function createDirectory(
  host: Host,
  { guards, log }: { readonly guards: Guards; readonly log: Log },
): Directory {
  let known: readonly Address[] = [];

  const look = async (name: Address, waiting: Waiting): Promise<void> => {
    try {
      known = await host.network.resolve(name, waiting);
    } catch (error) {
      waiting.signal?.throwIfAborted();
      const isReachable = known.length > 0 && guards.has("last-good-address");
      if (!isReachable) throw error;
      log("name.lost", { name: name.host, why: String(error) });
    }
  };

  return {
    async connect(options, waiting = {}) {
      if (known.length === 0 || guards.has("look-up-each-fetch"))
        await look({ host: options.host, port: options.port }, waiting);
      return host.network.connect({ ...options, addresses: known }, waiting);
    },
  };
}
