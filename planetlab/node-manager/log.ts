/**
 * The Node Manager's log: a file of its own for people and logrotate, and the host's structured log for whoever watches the process.
 *
 * Lines are appended by one writer, whole lines at a time, so that a rotation by renaming finds every line once: in the old file or in the new one.
 */
import type { Host, Log, OpenFile } from "../../host/host.ts";
import type { Config } from "./config.ts";

export interface NodeLog extends AsyncDisposable {
  readonly write: Log;
  /** Lines that did not reach the file, because it could not be written or the queue was full. */
  dropped(): number;
  /** The last lines, the newest last; without what else they said. */
  recent(count: number): readonly LogTime[];
}

/** When something happened: by the wall clock, and by the monotonic one since that start of the machine. */
export interface LogTime {
  readonly wall: number;
  readonly monotonic: number;
  readonly boot: string;
  readonly event: string;
}

/** Lines that wait for a slow disk. */
const queueLimit = 10_000;
/** Lines that are remembered for whoever asks. */
const recentLimit = 100;

export function createLog(host: Host, { logFile, guards }: Pick<Config, "logFile" | "guards">): NodeLog {
  const queue: string[] = [];
  let dropped = 0;
  let file: OpenFile | undefined;
  let reopening = false;
  let writing = false;
  let writer = Promise.resolve();

  const recent: LogTime[] = [];
  const enqueue: Log = (event, fields = {}) => {
    const { clock } = host;
    const time: LogTime = { wall: clock.wall(), monotonic: clock.monotonic(), boot: clock.boot, event };
    recent.push(time);
    if (recent.length > recentLimit) recent.shift();
    if (queue.length >= queueLimit) dropped += 1;
    else queue.push(`${JSON.stringify({ ...time, ...fields })}\n`);
  };
  const write: Log = (event, fields = {}) => {
    host.log(event, fields);
    enqueue(event, fields);
    wake();
  };
  const append = async (): Promise<void> => {
    const lines = queue.splice(0);
    try {
      file ??= await host.files.open(logFile, "append");
      await file.write(lines.join(""));
    } catch {
      // A full disk or a missing directory must not stop the service; `status` tells how much is missing.
      dropped += lines.length;
    }
  };
  const reopen = async (): Promise<void> => {
    reopening = false;
    const old = file;
    file = undefined;
    try {
      await old?.[Symbol.asyncDispose]();
    } finally {
      // If it cannot be opened now, the next line tries again.
      file = await host.files.open(logFile, "append").catch(() => undefined);
    }
    host.log("log.reopened");
    enqueue("log.reopened");
  };
  /** Only the writer touches the file: a reopening falls between two writes, and never into one. */
  const turn = async (): Promise<void> => {
    for (;;) {
      if (reopening) await reopen();
      else if (queue.length > 0) await append();
      else break;
    }
    writing = false;
  };
  const wake = (): void => {
    if (writing) return;
    writing = true;
    writer = turn();
  };

  const handler = guards.has("reopen-log-on-hup")
    ? host.signals.on("HUP", () => {
        reopening = true;
        wake();
      })
    : undefined;
  return {
    write,
    dropped: () => dropped,
    recent: (count) => recent.slice(Math.max(0, recent.length - count)),
    async [Symbol.asyncDispose]() {
      await writer;
      await file?.[Symbol.asyncDispose]();
      handler?.[Symbol.dispose]();
    },
  };
}
