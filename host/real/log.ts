import { fstatSync, writeSync } from "node:fs";
import type { Writable } from "node:stream";
import type { Host, Log } from "../host.ts";

export const logToStandardOutput: Log = (event, fields) => {
  process.stdout.write(lineOf(event, fields));
};

/** Bytes that wait for a slow reader of a pipe; what is said beyond them is lost. */
const mostWaiting = 16 * 1024 * 1024;

/** Of a program that goes on whatever happens to its output: a full disk, or a reader that has gone or stands still. */
export function createLog(output: Writable & { readonly fd: number }): Pick<Host, "log" | "unlogged"> {
  let lost = 0;
  const lose = (): void => void (lost += 1);
  // Node does not tell of a write that was cut short.
  const write = fstatSync(output.fd).isFile() ? writerOfFile(output.fd, lose) : writerOfStream(output, lose);
  return { log: (event, fields) => write(lineOf(event, fields)), unlogged: () => lost };
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
