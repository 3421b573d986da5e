/**
 * Everything that a service writes, in a file. Each line is handed to the system at once, so that whatever ends the harness, the file has
 * what came before; nothing is buffered that could grow.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { endOfLog, mostLogBytes } from "../lines.ts";

export interface LogFile extends Disposable {
  /** Never throws: a file that can't be written is told of once, and then left alone. */
  write(line: string): void;
}

export interface LogFileOptions {
  readonly path: string;
  readonly onTrouble: (error: Error) => void;
  /** 64 MiB unless given; what comes after is left out, which the last line says. */
  readonly mostBytes?: number;
}

export function createLogFile({ path, onTrouble, mostBytes = mostLogBytes }: LogFileOptions): LogFile {
  let file: number | undefined;
  let bytes = 0;
  const attempt = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      close();
      onTrouble(error as Error);
    }
  };
  const close = (): void => {
    const open = file;
    file = undefined;
    if (open !== undefined) closeSync(open);
  };

  attempt(() => (file = openSync(path, "a")));
  return {
    write(line) {
      const open = file;
      if (open === undefined) return;
      attempt(() => {
        const text = Buffer.from(`${line}\n`);
        bytes += text.length;
        if (bytes <= mostBytes) {
          writeSync(open, text);
          return;
        }
        writeSync(open, endOfLog(mostBytes));
        close();
      });
    },
    [Symbol.dispose]: close,
  };
}
