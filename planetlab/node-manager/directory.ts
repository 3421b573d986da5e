/**
 * Where PLC is: its addresses, asked for again and again, and the one that was right last, for when nobody knows, or what is known is wrong.
 *
 *     name ──look up──► addresses ──► connect to one after the other ──► the last good address
 *            bounded                  bounded each
 *
 * Nothing else in this program looks a name up, so that slow name servers delay a fetch and nobody else.
 */
import { createDeadline } from "../../host/deadline.ts";
import type { Address, ConnectOptions, Host, Log, Socket, Waiting } from "../../host/host.ts";
import type { Config } from "./config.ts";

/** Nobody says where a name leads. */
export class NameError extends Error {
  override readonly name = "NameError";
}

export interface Directory {
  /** As `host.network.connect`. @throws {NameError} if there is no address to try, and what `connect` throws. */
  connect(options: ConnectOptions, waiting?: Waiting): Promise<Socket>;
  /** Where it was reached last. */
  lastGood(): Address | undefined;
}

export interface DirectoryOptions {
  readonly log: Log;
  /** Where it was reached before this process began. */
  readonly last?: Address | undefined;
}

export function createDirectory(
  host: Host,
  { guards, lookUpMs, connectMs }: Pick<Config, "guards" | "lookUpMs" | "connectMs">,
  { log, last }: DirectoryOptions,
): Directory {
  let known: readonly Address[] = [];
  let good = last;
  const lookUpWithin = guards.has("look-up-deadline") ? lookUpMs : Infinity;
  const connectWithin = guards.has("connect-deadline") ? connectMs : Infinity;
  const remembered = guards.has("last-good-address") ? () => (good === undefined ? [] : [good]) : () => [];

  const look = async (name: Address, waiting: Waiting): Promise<readonly Address[]> => {
    using deadline = createDeadline(host.clock, lookUpWithin, waiting);
    try {
      known = await host.network.resolve(name, deadline);
      return known;
    } catch (cause) {
      waiting.signal?.throwIfAborted();
      const spare = remembered();
      if (spare.length === 0) throw new NameError(`${name.host} is not known: ${messageOf(cause)}`, { cause });
      log("name.lost", { name: name.host, why: messageOf(cause) });
      return spare;
    }
  };
  const connectTo = async (address: Address, options: ConnectOptions, waiting: Waiting): Promise<Socket> => {
    using deadline = createDeadline(host.clock, connectWithin, waiting);
    const socket = await host.network.connect({ ...options, addresses: [address] }, deadline);
    good = address;
    return socket;
  };

  return {
    lastGood: () => good,
    async connect(options, waiting = {}) {
      const name = { host: options.host, port: options.port };
      const found = known.length === 0 || guards.has("look-up-each-fetch") ? await look(name, waiting) : known;
      const errors: unknown[] = [];
      for (const address of distinct([...found, ...remembered()])) {
        try {
          return await connectTo(address, options, waiting);
        } catch (error) {
          waiting.signal?.throwIfAborted();
          errors.push(error);
        }
      }
      throw errors[0];
    },
  };
}

function distinct(addresses: readonly Address[]): readonly Address[] {
  return addresses.filter(
    ({ host, port }, index) => addresses.findIndex((each) => each.host === host && each.port === port) === index,
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
