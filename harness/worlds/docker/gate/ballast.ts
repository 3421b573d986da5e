/** A small file system that is full for a while: a file takes all the room that is left, and what others give back. */
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { codeOf } from "../../../../host/error-code.ts";

/** Not to be mistaken for the service's. */
const name = ".sinbin-ballast";
/** Large ones first: the last byte is taken as well. */
const pieces = [1024 * 1024, 4096, 1].map((size) => Buffer.alloc(size));
const betweenLooksMs = 10;

export async function fill(directories: readonly string[]): Promise<AsyncDisposable> {
  await using filled = new AsyncDisposableStack();
  for (const directory of directories) {
    const path = join(directory, name);
    filled.defer(() => rm(path, { force: true }));
    const file = filled.use(await open(path, "a"));
    await takeAll(file);
    const lifted = new AbortController();
    const going = keepFull(file, lifted.signal);
    filled.defer(() => {
      lifted.abort();
      return going;
    });
  }
  return filled.move();
}

type File = Awaited<ReturnType<typeof open>>;

async function keepFull(file: File, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await takeAll(file);
    await sleep(betweenLooksMs, undefined, { signal }).catch(() => {});
  }
}

async function takeAll(file: File): Promise<void> {
  for (const piece of pieces) {
    try {
      // What fits of a piece is written before the rest is refused.
      for (;;) await file.write(piece);
    } catch (error) {
      if (codeOf(error) !== "ENOSPC") throw error;
    }
  }
}
