/**
 * Lines of a log to somebody who may not read them: nothing waits for that, and no more than a bound is kept.
 *
 *     lines of a turn of the event loop ──► stream ──► whoever reads them;  while that is full: counted, and told of when there is room again
 */
import type { Writable } from "node:stream";

const mostKept = 4 * 1024 * 1024;

export function createLogLines(stream: Writable): (event: object) => void {
  // Node writes to pipes as if they were files: a reader that stands still would stand us still.
  const { _handle: handle } = stream as { readonly _handle?: { setBlocking?(blocking: boolean): void } };
  handle?.setBlocking?.(false);
  let dropped = 0;
  let lines = "";

  /** Together, since a write takes longer than a line. */
  function write(): void {
    stream.write(lines);
    lines = "";
  }

  function put(event: object): void {
    if (lines === "") setImmediate(write);
    lines += `${JSON.stringify(event)}\n`;
  }

  return (event) => {
    if (stream.writableLength + lines.length > mostKept) {
      dropped += 1;
      return;
    }
    if (dropped > 0) {
      put({ event: "log.dropped", lines: dropped });
      dropped = 0;
    }
    put(event);
  };
}
