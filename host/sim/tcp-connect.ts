/**
 * How a TCP connection comes about, between two kernels; a program only hears of the outcome.
 *
 *     client              server
 *        ── SYN ───────────► a listener, room in its backlog?   else RST, or silence
 *        ◄────── SYN, ACK ──
 *     connected
 *        ── ACK ───────────► accepted: the program hears of it
 */
import type { Address, Waiting } from "../host.ts";
import { systemError, type SimulatedProcess } from "./process.ts";
import { createTcpEnd, type Segments, type TcpEnd } from "./tcp.ts";
import type { VirtualTime } from "./time.ts";
import { everywhere, loopback, type Binding, type Station, type Wire } from "./wire.ts";

/** What opens a connection. A listener answers it, a latency later. */
export interface Syn {
  readonly from: Address;
  readonly to: Address;
  readonly client: Segments;
  readonly answer: (accepting: Accepting) => void;
}

/** A connection that the listener's kernel has, and its program does not have yet. */
interface Accepting {
  readonly server: Segments;
  readonly acknowledged: () => void;
  /** The client is gone. */
  readonly abandoned: () => void;
}

/** libuv's. Linux lets one more in. */
const backlog = 511;
/** `tcp_syn_retries`: after 1 s, 3 s, … 63 s; the last one is given up after 127 s. */
const synRetries = 6;

export interface TcpOptions {
  readonly time: VirtualTime;
  readonly wire: Wire;
  readonly station: Station;
  readonly process: SimulatedProcess;
}

/** @throws {Error} with `code` EMFILE, ECONNREFUSED, ETIMEDOUT, and the signal's reason. */
export function connectTcp(
  { time, wire, station, process }: TcpOptions,
  to: Address,
  { signal }: Waiting,
): Promise<TcpEnd> {
  signal?.throwIfAborted();
  const failure = (code: string): Error =>
    Object.assign(systemError(code, "connect", `${to.host}:${to.port}`), { address: to.host, port: to.port });

  using resources = new DisposableStack();
  resources.use(openSocket(process, () => failure("EMFILE")));
  // Linux takes "any address" for a way to say loopback.
  const remote = to.host === everywhere ? { ...to, host: loopback } : to;
  const source = { host: station.sourceFor(remote.host), port: 0 };
  const { address: from } = resources.use(station.tcp.bind(source, "connect"));
  const end = createTcpEnd({ wire, process, local: from, remote });
  end.own(resources.move());

  return new Promise<TcpEnd>((resolve, reject) => {
    const abort = (): void => {
      end.close();
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", abort, { once: true });
    const settle = (outcome: () => void): void =>
      process.deliver(() => {
        if (end.closed) return;
        signal?.removeEventListener("abort", abort);
        outcome();
      });
    const give = (code: string): void =>
      settle(() => {
        end.close();
        reject(failure(code));
      });
    const syn: Syn = {
      from,
      to: remote,
      client: end.incoming,
      answer: ({ server, acknowledged, abandoned }) =>
        wire.carry(() => {
          wire.carry(end.closed ? abandoned : acknowledged);
          if (end.closed) return;
          end.join(server);
          settle(() => resolve(end));
        }),
    };
    const began = time.now();
    const knock = (tries: number): void =>
      wire.carry(() => {
        const there = wire.stationAt(remote.host, station);
        const listener = there?.tcp.receiverAt(remote);
        if (there !== undefined && listener === undefined) wire.carry(() => give("ECONNREFUSED"));
        else if (listener?.(syn) !== true) {
          time.at(began + 1000 * (2 ** (tries + 1) - 1), () => {
            if (end.closed) return;
            if (tries === synRetries) give("ETIMEDOUT");
            else knock(tries + 1);
          });
        }
      });
    knock(0);
  });
}

export interface TcpListener extends Binding {
  /** Until it is disposed, SYNs are dropped, as they are when the backlog is full. */
  silence(): Disposable;
}

/** Disposing closes the door: what has not been accepted yet is reset. */
export function listenTcp(
  { wire, station, process }: TcpOptions,
  at: Address,
  onConnection: (end: TcpEnd) => void,
): TcpListener {
  let silent = false;
  const undelivered = new Set<TcpEnd>();
  using resources = new DisposableStack();
  resources.use(openSocket(process, () => systemError("EMFILE", "listen", `${at.host}:${at.port}`)));
  const { address } = resources.use(station.tcp.bind(at, "listen", take));
  resources.defer(() => {
    for (const end of undelivered) end.reset();
    undelivered.clear();
  });
  const owner = process.own(resources.move());
  return {
    address,
    silence() {
      silent = true;
      return { [Symbol.dispose]: () => void (silent = false) };
    },
    [Symbol.dispose]: () => owner[Symbol.dispose](),
  };

  function take({ from, to, client, answer }: Syn): boolean {
    if (silent || undelivered.size > backlog) return false;
    const end = createTcpEnd({ wire, process, local: to, remote: from });
    end.join(client);
    undelivered.add(end);
    answer({
      server: end.incoming,
      abandoned: () => undelivered.delete(end),
      acknowledged: () =>
        process.deliver(() => {
          // The door may have been closed meanwhile.
          if (!undelivered.delete(end)) return;
          try {
            end.own(process.openDescriptor());
          } catch {
            // libuv's way out of EMFILE.
            end.close();
            return;
          }
          onConnection(end);
        }),
    });
    return true;
  }
}

/** As the call that needs the descriptor words it. */
function openSocket(process: SimulatedProcess, failure: () => Error): Disposable {
  try {
    return process.openDescriptor();
  } catch {
    throw failure();
  }
}
