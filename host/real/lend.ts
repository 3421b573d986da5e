/** What sockets read into: allocating memory for each read of a busy one costs more than the read. */
import { Socket, type OnReadOpts } from "node:net";
import type { OnRead } from "../host.ts";
import { createTurns } from "../turns.ts";
import { createPool } from "./pool.ts";

/** What a kernel gives at once when a lot is there. */
const large = 256 * 1024;
/** For all that are not busy, whose bytes are copied: one that waits for its next read has no memory of its own. */
const shared = Buffer.allocUnsafeSlow(64 * 1024);
const pool = createPool({ bytes: large, kept: 256 });
/**
 * Of all busy sockets: some milliseconds, even where the kernel has to find the memory first. libuv takes up to 32 reads from each socket that has as much,
 * whoever else waits: of many that are busy one turn may last a second.
 */
const turns = createTurns({ share: 8 * large, next: setImmediate, later: true });

/** A socket that is opened with such an `onread`. */
export function lending<Of extends Socket>(onRead: OnRead, open: (onread: OnReadOpts) => Of): Of {
  let own: Buffer<ArrayBuffer> | undefined;
  const socket = open({
    buffer: () => own ?? shared,
    callback(length, memory) {
      if (own === undefined) onRead(Uint8Array.prototype.slice.call(memory, 0, length));
      else onRead(memory.subarray(0, length), pool.giveBack.bind(undefined, own));
      const isBusy = length >= shared.length;
      own = isBusy ? pool.take() : undefined;
      if (!isBusy) return true;
      turns.spend(length);
      return turns.isLeft(goOn);
    },
  });
  const goOn = (): void => {
    if (!socket.isPaused()) socket.resume();
  };
  socket.once("close", () => {
    if (own !== undefined) pool.giveBack(own);
    own = undefined;
  });
  return socket;
}

const ownHandle = "_handle";

/** Node lets sockets that connect say where to read, and not those that a server accepts: what such a one stands for goes over to a socket that does. */
export function takeOver(accepted: Socket, onRead: OnRead): Socket {
  const { allowHalfOpen, writableHighWaterMark: highWaterMark } = accepted;
  const owner = accepted as unknown as Record<typeof ownHandle, object | null>;
  const handle = owner[ownHandle];
  owner[ownHandle] = null;
  accepted.destroy();
  return lending(onRead, (onread) => {
    const options = { handle, allowHalfOpen, highWaterMark, pauseOnCreate: true, onread };
    return new Socket(options as object);
  });
}
