/** What sockets read into: allocating memory for each read of a busy one costs as much as the read. */
import type { OnReadOpts } from "node:net";
import type { OnRead } from "../host.ts";

/** What a kernel gives at once when a lot is there. */
const large = 256 * 1024;
/** For all that are not busy, whose bytes are copied: one that waits for its next read has no memory of its own. */
const shared = Buffer.allocUnsafeSlow(64 * 1024);

/** For a socket's `onread`. */
export function lendTo(onRead: OnRead): OnReadOpts {
  let own: Buffer | undefined;
  return {
    buffer: () => own ?? shared,
    callback(length, buffer) {
      if (buffer === shared) {
        onRead(Uint8Array.prototype.slice.call(buffer, 0, length));
        if (length === shared.length) own = Buffer.allocUnsafeSlow(large);
      } else {
        const kept = onRead(buffer.subarray(0, length));
        if (length < shared.length) own = undefined;
        else if (kept) own = Buffer.allocUnsafeSlow(large);
      }
      return true;
    },
  };
}
