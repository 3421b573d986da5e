import { fstatSync, writeSync } from "node:fs";
import type { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { Host, Log } from "../host.ts";

export const logToStandardOutput: Log = (event, fields) => {
  process.stdout.write(lineOf(event, fields));
};

/** Bytes that wait for a slow reader of a pipe; what is said beyond them is lost. */
const mostWaiting = 16 * 1024 * 1024;

/** Whoever reads late has so long when the program has ended; milliseconds. */
const patienceMs = 2000;

export interface Output extends Pick<Host, "log" | "unlogged"> {
  /** Resolves when nothing waits any more, or nobody has read it in time. */
  drain(): Promise<void>;
}

/** Of a program that goes on whatever happens to its output: a full disk, or a reader that has gone or stands still. */
export function createLog(output: Writable & { readonly fd: number }): Output {
  let lost = 0;
  const lose = (): void => void (lost += 1);
  // Node does not tell of a write that was cut short.
  const write = fstatSync(output.fd).isFile() ? writerOfFile(output.fd, lose) : writerOfStream(output, lose);
  return {
    log: (event, fields) => write(lineOf(event, fields)),
    unlogged: () => lost,
    async drain() {
      if (output.writableLength === 0) return;
      const drained = new Promise<void>((resolve) => output.write("", () => resolve()));
      await Promise.race([drained, sleep(patienceMs, undefined, { ref: false })]);
    },
  };
}

function writerOfStream(output: Writable, lose: () => void): (line: string) => void {
  // Each write hears of its own failure.
  output.on("error", () => {});
  return (line) => {
    if (output.writableLength > mostWaiting) lose();
    else output.write(line, (error) => error && lose());
  };
}

function writerOfFile(fd: number, lose: () => void): (line: string) => void {
  let torn = false;
  return (line) => {
    const bytes = Buffer.from(torn ? `\n${line}` : line);
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(fd, bytes, written);
      torn = false;
    } catch {
      lose();
      torn ||= written > 0;
    }
  };
}

function lineOf(event: string, fields: Parameters<Log>[1] = {}): string {
  return `${JSON.stringify({ event, ...fields })}\n`;
}
