/**
 * A file of lines, appended by one writer, whole lines at a time: so that a rotation by renaming finds every line once, in the old file or in the new one.
 *
 *     add ──► queue (bounded) ──► writer ──► path        full: path.1, and a new path
 */
import type { Files, OpenFile } from "../../host/host.ts";

export interface LineFile extends AsyncDisposable {
  add(line: string): void;
  /** Opens the path anew: what it names may be another file by now. */
  reopen(): void;
  /** Lines that did not reach the file, because it could not be written or the queue was full. */
  dropped(): number;
}

interface LineFileOptions {
  readonly path: string;
  /** A file of more is set aside, and the one that was set aside before is gone. */
  readonly mostBytes?: number;
  readonly onReopened?: () => void;
  /** Trouble with the file is counted and stays here; else whoever runs this program hears of it. By default true. */
  readonly contained?: boolean;
}

/** Lines that wait for a slow disk. */
const queueLimit = 10_000;

export function createLineFile(files: Files, options: LineFileOptions): LineFile {
  const { path, mostBytes = Infinity, onReopened, contained = true } = options;
  const queue: string[] = [];
  let dropped = 0;
  let torn = false;
  let file: OpenFile | undefined;
  let bytes = 0;
  let reopening = false;
  let writing = false;
  let writer = Promise.resolve();

  const close = async (): Promise<void> => {
    const old = file;
    [file, bytes] = [undefined, 0];
    await old?.[Symbol.asyncDispose]();
  };
  const write = async (text: string): Promise<void> => {
    if (bytes + text.length > mostBytes) {
      await close();
      await files.rename(path, `${path}.1`);
    }
    file ??= await files.open(path, "append");
    // What failed may have left half a line, and what was opened anew may be the same file.
    await file.write(torn ? `\n${text}` : text);
    torn = false;
    bytes += text.length;
  };
  const append = async (): Promise<void> => {
    const lines = queue.splice(0);
    const written = write(lines.join(""));
    await (contained
      ? written.catch(() => {
          // A full disk or a missing directory must not stop the service; `status` tells how much is missing.
          torn = true;
          dropped += lines.length;
        })
      : written);
  };
  const reopen = async (): Promise<void> => {
    reopening = false;
    try {
      await close();
    } finally {
      // If it cannot be opened now, the next line tries again.
      file = await files.open(path, "append").catch(() => undefined);
    }
    onReopened?.();
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

  return {
    add(line) {
      if (queue.length >= queueLimit) dropped += 1;
      else queue.push(`${line}\n`);
      wake();
    },
    reopen() {
      reopening = true;
      wake();
    },
    dropped: () => dropped,
    async [Symbol.asyncDispose]() {
      await writer;
      await file?.[Symbol.asyncDispose]();
    },
  };
}
