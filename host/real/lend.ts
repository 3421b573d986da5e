/** What sockets read into: allocating memory for each read of a busy one costs more than the read. */
import { Socket, type OnReadOpts } from "node:net";
import type { OnRead } from "../host.ts";

/** What a kernel gives at once when a lot is there. */
const large = 256 * 1024;
/** For all that are not busy, whose bytes are copied: one that waits for its next read has no memory of its own. */
const shared = Buffer.allocUnsafeSlow(64 * 1024);
/** Given back, the last one first: what was written a moment ago is still in the processor's cache. */
const idle: Buffer[] = [];
const mostIdle = 256;

function take(): Buffer {
  return idle.pop() ?? Buffer.allocUnsafeSlow(large);
}

function giveBack(memory: Buffer): void {
  if (idle.length < mostIdle) idle.push(memory);
}

/** For a socket's `onread`. */
export function lendTo(onRead: OnRead): OnReadOpts {
  let own: Buffer | undefined;
  return {
    buffer: () => own ?? shared,
    callback(length, memory) {
      if (own === undefined) onRead(Uint8Array.prototype.slice.call(memory, 0, length));
      else onRead(memory.subarray(0, length), giveBack.bind(undefined, own));
      own = length < shared.length ? undefined : take();
      return true;
    },
  };
}

const ownHandle = "_handle";

/** Node lets sockets that connect say where to read, and not those that a server accepts: what such a one stands for goes over to a socket that does. */
export function takeOver(accepted: Socket, onRead: OnRead): Socket {
  const { allowHalfOpen, writableHighWaterMark: highWaterMark } = accepted;
  const owner = accepted as unknown as Record<typeof ownHandle, object | null>;
  const handle = owner[ownHandle];
  owner[ownHandle] = null;
  accepted.destroy();
  const options = { handle, allowHalfOpen, highWaterMark, pauseOnCreate: true, onread: lendTo(onRead) };
  return new Socket(options as object);
}
