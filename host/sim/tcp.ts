/**
 * The kernel's side of a TCP connection: two ends, each with its buffers. It goes on when the program stands still, and winds up when it has ended.
 *
 *     write ─► unsent ──── data, FIN, RST ────► arrived ─► read
 *                ▲                                           │
 *                └──────────── window (256 KiB) ◄────────────┘
 *
 * What an error is called, and which call hears of it, is Linux's (`tcp_reset`, `tcp_recvmsg`, `tcp_sendmsg`).
 */
import type { Address } from "../host.ts";
import { createByteQueue } from "./byte-queue.ts";
import { systemError, type SimulatedProcess } from "./process.ts";
import type { Wire } from "./wire.ts";

/** What may be under way to an end, and unread there. */
const windowBytes = 256 * 1024;
/** What a write may leave behind for the kernel to send. */
const unsentBytesLimit = 256 * 1024;
/** libuv's buffer. */
export const mostAtOnce = 64 * 1024;

/** What arrives at an end. */
export interface Segments {
  data(bytes: Buffer): void;
  fin(): void;
  rst(): void;
  /** So many bytes were read. */
  window(bytes: number): void;
}

/** One end, as system calls see it. */
export interface TcpEnd {
  readonly local: Address;
  readonly remote: Address;
  /** The program has it from now on: it is closed when the process ends. Closing disposes the descriptor. */
  own(descriptor: Disposable): void;
  /** Calls back once, when `read` has something to say: never within this very call. Only the last one that waits is called. */
  wait(callback: () => void): void;
  /** Bytes, null for an end, an error (once); undefined if there is nothing yet. */
  read(most: number): Buffer | null | Error | undefined;
  /** The program did not want these after all: they are read again. */
  unread(bytes: Buffer): void;
  /** The bytes are the kernel's as soon as it has room for them: it calls back then, at once if it can. One at a time. */
  write(bytes: Buffer, taken: (error?: Error) => void): void;
  /** FIN, after what was written. */
  shutdown(): void;
  /** FIN as well, or RST if something is unread. What the kernel has taken, it sends; a write that it has not is called off: ECANCELED. */
  close(): void;
  /** RST, and nothing else. */
  reset(): void;
  readonly closed: boolean;
  /** Calls the program back in a later turn. */
  later(callback: () => void): void;
  readonly incoming: Segments;
  /** The other end is known: what waited for it goes out. */
  join(peer: Segments): void;
}

export interface TcpEndOptions {
  readonly wire: Wire;
  readonly process: SimulatedProcess;
  readonly local: Address;
  readonly remote: Address;
}

export function createTcpEnd({ wire, process, local, remote }: TcpEndOptions): TcpEnd {
  let peer: Segments | undefined;
  const unsent = createByteQueue();
  const arrived = createByteQueue();
  let credit = windowBytes;
  /** Read, and not yet told. */
  let freed = 0;
  /** What the program has written and the kernel has no room for. */
  let held: { bytes: Buffer; readonly taken: (error?: Error) => void } | undefined;
  let waiting: (() => void) | undefined;
  let told = false;
  let finWanted = false;
  let finSent = false;
  let finArrived = false;
  /** By RST: nothing goes out any more, and what comes in is nobody's. */
  let dead = false;
  /** For the next call. */
  let pending: "ECONNRESET" | "EPIPE" | undefined;
  let closed = false;
  let ownership: Disposable | undefined;

  const send = (arrive: (there: Segments) => void): void => {
    const there = peer;
    if (there !== undefined) wire.carry(() => arrive(there));
  };

  const transmit = (): void => {
    if (dead || peer === undefined) return;
    for (;;) {
      while (unsent.bytes > 0 && credit > 0) {
        const bytes = unsent.take(credit);
        credit -= bytes.length;
        send((there) => there.data(bytes));
      }
      if (held === undefined) break;
      const room = unsentBytesLimit - unsent.bytes;
      if (room === 0) return;
      unsent.put(held.bytes.subarray(0, room));
      held.bytes = held.bytes.subarray(room);
      if (held.bytes.length === 0) {
        const { taken } = held;
        held = undefined;
        process.deliver(() => taken());
      }
    }
    if (finWanted && !finSent && unsent.bytes === 0) {
      finSent = true;
      send((there) => there.fin());
    }
  };

  const die = (): void => {
    dead = true;
    unsent.clear();
  };
  const sendRst = (): void => {
    die();
    send((there) => there.rst());
  };

  const isReadable = (): boolean => arrived.bytes > 0 || finArrived || dead;
  const notify = (): void => {
    if (waiting === undefined || told) return;
    told = true;
    process.deliver(() => {
      told = false;
      const callback = waiting;
      waiting = undefined;
      callback?.();
    });
  };
  /** The pending error, for the call that fails by it. */
  const fail = (syscall: "read" | "write"): Error => {
    const error = systemError(pending ?? "EPIPE", syscall);
    pending = undefined;
    return error;
  };

  const incoming: Segments = {
    data(bytes) {
      if (dead) return;
      if (closed) {
        sendRst();
        return;
      }
      arrived.put(bytes);
      notify();
    },
    fin() {
      finArrived = true;
      if (!dead && !closed) notify();
    },
    rst() {
      if (dead) return;
      die();
      if (closed) return;
      pending = finArrived ? "EPIPE" : "ECONNRESET";
      // libuv reads first: a reader hears of it after the last byte, and closes.
      if (waiting !== undefined) notify();
      else if (held !== undefined) {
        const { taken } = held;
        held = undefined;
        process.deliver(() => taken(fail("write")));
      }
    },
    window(bytes) {
      credit += bytes;
      transmit();
    },
  };

  const release = (): void => {
    closed = true;
    waiting = undefined;
    if (held !== undefined) {
      const { taken } = held;
      held = undefined;
      end.later(() => taken(systemError("ECANCELED", "write")));
    }
    ownership?.[Symbol.dispose]();
  };

  const end: TcpEnd = {
    local,
    remote,
    incoming,
    own(descriptor) {
      const owner = process.own({ [Symbol.dispose]: () => end.close() });
      ownership = {
        [Symbol.dispose]() {
          owner[Symbol.dispose]();
          descriptor[Symbol.dispose]();
        },
      };
    },
    wait(callback) {
      waiting = callback;
      if (isReadable()) wire.soon(notify);
    },
    read(most) {
      if (arrived.bytes > 0) {
        const bytes = arrived.take(most);
        freed += bytes.length;
        // A window that opens by little is not worth a packet.
        if (freed >= windowBytes / 4 && !dead && !finArrived) {
          const told = freed;
          freed = 0;
          send((there) => there.window(told));
        }
        return bytes;
      }
      if (finArrived) return null;
      if (!dead) return undefined;
      return pending === undefined ? null : fail("read");
    },
    unread(bytes) {
      freed -= bytes.length;
      arrived.putBack(bytes);
    },
    write(bytes, taken) {
      if (dead) {
        taken(fail("write"));
        return;
      }
      const room = unsentBytesLimit - unsent.bytes;
      unsent.put(bytes.subarray(0, room));
      if (bytes.length > room) held = { bytes: bytes.subarray(room), taken };
      transmit();
      if (bytes.length <= room) taken();
    },
    shutdown() {
      finWanted = true;
      transmit();
    },
    close() {
      if (closed) return;
      release();
      if (dead) return;
      if (arrived.bytes > 0) sendRst();
      else end.shutdown();
    },
    reset() {
      if (closed) return;
      release();
      // Both have said their last word: there is nothing left to reset.
      if (!dead && !(finSent && finArrived)) sendRst();
    },
    get closed() {
      return closed;
    },
    later: (callback) => wire.soon(() => process.deliver(callback)),
    join(other) {
      peer = other;
      transmit();
    },
  };
  return end;
}
