/**
 * Lines of a log to somebody who may not read them: nothing waits for that, and no more than a bound is kept; nor are there more of them in a second than
 * anybody reads. What is left out is counted.
 *
 *     lines of a turn of the event loop ──► stream ──► whoever reads them;  while that is full: counted, and told of when there is room again
 */
import type { Writable } from "node:stream";
import type { Clock } from "../../host/host.ts";
import { realClock } from "../../host/real/clock.ts";

const mostKept = 4 * 1024 * 1024;
/** A fault of DNS may hit tens of thousands of messages in a second, which would be ten gigabytes in an hour. */
const mostInSecond = 1000;

export function createLogLines(stream: Writable, clock: Pick<Clock, "timer"> = realClock): (event: object) => void {
  // Node writes to pipes as if they were files: a reader that stands still would stand us still.
  const { _handle: handle } = stream as { readonly _handle?: { setBlocking?(blocking: boolean): void } };
  handle?.setBlocking?.(false);
  let dropped = 0;
  let inSecond = 0;
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

  function hasRoom(): boolean {
    return stream.writableLength + lines.length <= mostKept && inSecond < mostInSecond;
  }

  function tellDropped(): void {
    if (dropped === 0 || !hasRoom()) return;
    put({ event: "log.dropped", lines: dropped });
    dropped = 0;
  }

  function endSecond(): void {
    inSecond = 0;
    tellDropped();
  }

  return (event) => {
    if (!hasRoom()) {
      dropped += 1;
      return;
    }
    tellDropped();
    if (inSecond === 0) clock.timer(1000, endSecond);
    inSecond += 1;
    put(event);
  };
}
