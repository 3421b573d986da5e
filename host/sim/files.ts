/** Files of a simulated machine, in the times of an ordinary disk. One operation after the other for each process. */
import type { Disk, Handle } from "../disk/disk.ts";
import { fileError, isRefusal } from "../disk/errors.ts";
import { codeOf } from "../error-code.ts";
import { namesIn } from "../disk/paths.ts";
import type { Files, OpenFile } from "../host.ts";
import type { SimulatedProcess } from "./process.ts";

const operationMs = 0.05;
const syncMs = 2;
/** 500 MB/s. */
const bytesPerMs = 500_000;

export interface FilesOptions {
  readonly disk: Disk;
  readonly process: SimulatedProcess;
  /** Those that are held on this machine. */
  readonly locks: Set<string>;
  /** The disk has not taken something: it is full or read-only. */
  readonly onRefused: () => void;
}

export function createFiles({ disk, process, locks, onRefused }: FilesOptions): Files {
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <Result>(milliseconds: number, work: () => Result): Promise<Result> => {
    const turn = last.then(() => process.after(milliseconds, () => noticing(work)));
    last = turn.catch(() => undefined);
    return turn;
  };
  const noticing = <Result>(work: () => Result): Result => {
    try {
      return work();
    } catch (error) {
      if (isRefusal(error)) onRefused();
      throw error;
    }
  };
  /** Reading and listing take one for a moment. */
  const descriptorFor = (syscall: string, path: string): Disposable => {
    try {
      return process.openDescriptor();
    } catch (error) {
      throw codeOf(error) === "EMFILE" ? fileError("EMFILE", syscall, path) : error;
    }
  };
  const withDescriptor = <Result>(syscall: string, path: string, work: () => Result): Promise<Result> =>
    inTurn(operationMs, () => {
      using descriptor = descriptorFor(syscall, path);
      void descriptor;
      return work();
    });

  const openFile = (handle: Handle, descriptor: Disposable): OpenFile => {
    const owner = process.own({
      [Symbol.dispose]() {
        handle.close();
        descriptor[Symbol.dispose]();
      },
    });
    return {
      write(given) {
        // Copied as it is now: the program may use its buffer again.
        const bytes = Buffer.from(given as Uint8Array);
        return inTurn(operationMs + bytes.length / bytesPerMs, () => handle.write(bytes));
      },
      sync: () => inTurn(syncMs, () => handle.sync()),
      [Symbol.asyncDispose]: () => inTurn(operationMs, () => owner[Symbol.dispose]()),
    };
  };

  return {
    read: (path) => withDescriptor("open", path, () => disk.read(path)),
    open: (path, mode) =>
      inTurn(operationMs, () => {
        using stack = new DisposableStack();
        const descriptor = stack.use(descriptorFor("open", path));
        const file = openFile(disk.open(path, mode), descriptor);
        stack.move();
        return file;
      }),
    rename: (from, to) => inTurn(operationMs, () => disk.rename(from, to)),
    remove: (path) => inTurn(operationMs, () => disk.remove(path)),
    makeDirectory: (path) => inTurn(operationMs, () => disk.makeDirectory(path)),
    list: (path) => withDescriptor("scandir", path, () => disk.list(path)),
    syncDirectory: (path) =>
      inTurn(syncMs, () => {
        using descriptor = descriptorFor("open", path);
        void descriptor;
        disk.syncDirectory(path);
      }),
    lock: (path) =>
      inTurn(operationMs, () => {
        const name = namesIn(path).join("/");
        if (locks.has(name)) return undefined;
        const descriptor = process.openDescriptor();
        locks.add(name);
        const owner = process.own({
          [Symbol.dispose]() {
            locks.delete(name);
            descriptor[Symbol.dispose]();
          },
        });
        return { [Symbol.asyncDispose]: () => inTurn(operationMs, () => owner[Symbol.dispose]()) };
      }),
  };
}
