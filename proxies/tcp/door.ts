/**
 * The listening socket, which faults may bar for a while, in one of two ways: `shut`, connects are refused; `silent`, they get no answer. The same address
 * is listened on again afterwards. What is shut and silent at once is shut.
 */
import { codeOf } from "../../host/error-code.ts";
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
   * Disposing the last one opens the door again.
   * @throws {Error} with a `cause` if somebody else has taken the port and keeps it.
   */
  bar(how: Barred): Bar;
}

export type Barred = "shut" | "silent";
/** What a client hears of it, in the words of its host's log. */
export const waysToBeTurnedAway = ["refused", "unanswered"] as const;
export type TurnedAway = (typeof waysToBeTurnedAway)[number];

export interface Bar extends AsyncDisposable {
  /** Resolves when the door is as it was told to be. */
  readonly effective: Promise<void>;
}

/** An outgoing connection of somebody else may have been given our port meanwhile; they tend to be short: 5 s. */
const triesToReopen = 200;
const pauseBetweenTriesMs = 25;

export async function openDoor({ host, listen, onConnection }: DoorOptions): Promise<Door> {
  const options = { ...listen, halfOpen: true, pauseOnConnect: true, highWaterMark };
  let listener: Listener | undefined = await host.network.listen(options, onConnection);
  const { address } = listener;
  let silence: AsyncDisposable | undefined;
  const bars = { shut: new Set<object>(), silent: new Set<object>() };
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

  function wanted(): Barred | "open" {
    if (disposed.signal.aborted || bars.shut.size > 0) return "shut";
    return bars.silent.size > 0 ? "silent" : "open";
  }

  async function adjust(): Promise<void> {
    if (wanted() === "shut") await close();
    else await open();
    if (listener === undefined) return;
    if (wanted() === "open") await speak();
    else if (wanted() === "silent" && silence === undefined) {
      try {
        silence = await listener.silence();
      } catch (error) {
        await close();
        throw cannotBeSilent(address, error);
      }
    }
  }

  async function close(): Promise<void> {
    const closing = listener;
    listener = undefined;
    await closing?.[Symbol.asyncDispose]();
    await speak();
  }

  async function speak(): Promise<void> {
    const ending = silence;
    silence = undefined;
    await ending?.[Symbol.asyncDispose]();
  }

  async function open(): Promise<void> {
    for (let tries = 1; listener === undefined && wanted() !== "shut"; tries += 1) {
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
    bar(how) {
      const bar = {};
      bars[how].add(bar);
      const effective = settle();
      // Not everybody waits for it.
      effective.catch(() => undefined);
      return {
        effective,
        async [Symbol.asyncDispose]() {
          bars[how].delete(bar);
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

function cannotBeSilent({ host, port }: Address, cause: unknown): Error {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new Error(`the proxy can't leave connects to port ${port} of ${host} unanswered: ${why}`, { cause });
}

function isTaken(error: unknown): boolean {
  return codeOf(error) === "EADDRINUSE";
}
