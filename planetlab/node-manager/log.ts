/**
 * The Node Manager's log: a file of its own for people and logrotate, and the host's structured log for whoever watches the process.
 *
 * The records of the file are numbered from 1 at each start, so that whoever reads it sees what is missing.
 */
import type { Host, Log } from "../../host/host.ts";
import type { Config } from "./config.ts";
import { createLineFile } from "./line-file.ts";
import { createMask, masked } from "./mask.ts";

export interface NodeLog extends AsyncDisposable {
  readonly write: Log;
  /** As the log would say it. */
  hide<Value>(value: Value): Value;
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

/** Lines that are remembered for whoever asks. */
const recentLimit = 100;

/** Nobody who reads the log, or hears of its lines, gets any secret. `onHup`: other files that are to be opened anew with it. `hear` hears every line. */
export function createLog(
  host: Host,
  { logFile, key, guards }: Pick<Config, "logFile" | "key" | "guards">,
  { onHup, hear }: { readonly onHup: () => void; readonly hear: Log },
): NodeLog {
  const shown = guards.has("mask-log") ? createMask([key]) : asItIs;
  const hide = <Value>(value: Value): Value => masked(value, shown) as Value;
  const recent: LogTime[] = [];
  let record = 0;
  const file = createLineFile(host.files, {
    path: logFile,
    onReopened: () => write("log.reopened"),
    contained: guards.has("contain-log-errors"),
  });
  const write: Log = (event, told = {}) => {
    const fields = hide(told);
    host.log(event, fields);
    hear(event, fields);
    const { clock } = host;
    const time: LogTime = { wall: clock.wall(), monotonic: clock.monotonic(), boot: clock.boot, event };
    recent.push(time);
    if (recent.length > recentLimit) recent.shift();
    record += 1;
    file.add(JSON.stringify({ record, ...time, ...fields }));
  };
  const handler = guards.has("reopen-log-on-hup")
    ? host.signals.on("HUP", () => {
        file.reopen();
        onHup();
      })
    : undefined;
  return {
    write,
    hide,
    dropped: () => file.dropped(),
    recent: (count) => recent.slice(Math.max(0, recent.length - count)),
    async [Symbol.asyncDispose]() {
      await file[Symbol.asyncDispose]();
      handler?.[Symbol.dispose]();
    },
  };
}

function asItIs(text: string): string {
  return text;
}
