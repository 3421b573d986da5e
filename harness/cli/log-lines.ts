/**
 * Lines of a log to somebody who may not read them: nothing waits for that, and no more than a bound is kept; nor are there more of one event in a second
 * than anybody reads. What is left out is counted.
 *
 *     lines of a turn of the event loop ──► stream ──► whoever reads them;  what has no place: counted, and told of once a second
 */
import type { Writable } from "node:stream";
import type { Clock, Log } from "../../host/host.ts";
import { realClock } from "../../host/real/clock.ts";

const mostKept = 4 * 1024 * 1024;
/** A fault of DNS may hit tens of thousands of messages in a second, which would be ten gigabytes in an hour. */
const mostInSecond = 1000;

export function createLogLines(stream: Writable, clock: Pick<Clock, "timer"> = realClock): Log {
  // Node writes to pipes as if they were files: a reader that stands still would stand us still.
  const { _handle: handle } = stream as { readonly _handle?: { setBlocking?(blocking: boolean): void } };
  handle?.setBlocking?.(false);
  let dropped = 0;
  /** Of each event: a flood of hits hides nothing else. */
  const inSecond = new Map<string, number>();
  /** Of the second that the first line has begun. */
  let ending: Disposable | undefined;
  let lines = "";

  /** Together, since a write takes longer than a line. */
  function write(): void {
    stream.write(lines);
    lines = "";
  }

  function put(event: string, fields?: object): void {
    if (lines === "") setImmediate(write);
    lines += `${JSON.stringify({ event, ...fields })}\n`;
  }

  function hasRoom(): boolean {
    return stream.writableLength + lines.length <= mostKept;
  }

  function endSecond(): void {
    ending = undefined;
    inSecond.clear();
    if (dropped === 0) return;
    if (!hasRoom()) {
      ending = clock.timer(1000, endSecond);
      return;
    }
    put("log.dropped", { lines: dropped });
    dropped = 0;
  }

  return (event, fields) => {
    ending ??= clock.timer(1000, endSecond);
    const before = inSecond.get(event) ?? 0;
    if (before === mostInSecond || !hasRoom()) {
      dropped += 1;
      return;
    }
    inSecond.set(event, before + 1);
    put(event, fields);
  };
}
