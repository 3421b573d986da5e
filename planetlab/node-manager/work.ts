/**
 * What is to be done to slivers: one thing at a time for each of them, and only so much at once for the node.
 *
 *     submit ──► waiting, one for each sliver ──┬── making    at most --creations at once
 *                                               └── the rest  at most a few at once, past those that wait to be made
 *
 * Making takes as long as a disk and a foreign program take, up to minutes (paper 3.6); all else is quick.
 */
import type { Config } from "./config.ts";

export interface Work {
  /** The sliver's. */
  readonly name: string;
  /** Asked when it might begin. */
  readonly isMaking: () => boolean;
  readonly run: () => Promise<void>;
}

export interface WorkQueue {
  /** Resolves when this, or what has taken its place, is done. */
  submit(work: Work): Promise<void>;
  counts(): { readonly waiting: number; readonly making: number; readonly running: number };
  /** What waits is never begun; resolves when nothing runs. */
  end(): Promise<void>;
}

interface Entry extends PromiseWithResolvers<void> {
  work: Work;
}

const quickAtOnce = 8;

export function createWorkQueue({ guards, creations }: Pick<Config, "guards" | "creations">): WorkQueue {
  const waiting: Entry[] = [];
  const locks = new Map<string, Promise<void>>();
  const makingAtOnce = guards.has("bounded-creations") ? creations : Infinity;
  let making = 0;
  let ended = false;

  const lockOf = ({ name }: Work): string => (guards.has("lock-per-sliver") ? name : "all slivers");
  const find = (name: string): Entry | undefined =>
    guards.has("one-work-a-sliver") ? waiting.find(({ work }) => work.name === name) : undefined;
  const mayBegin = ({ work }: Entry): boolean => {
    if (ended || locks.has(lockOf(work))) return false;
    return work.isMaking() ? making < makingAtOnce : locks.size - making < quickAtOnce;
  };
  const begin = ({ work, resolve, reject }: Entry): void => {
    const isMaking = work.isMaking();
    const lock = lockOf(work);
    if (isMaking) making += 1;
    const done = work
      .run()
      .then(resolve, reject)
      .finally(() => {
        locks.delete(lock);
        if (isMaking) making -= 1;
        pump();
      });
    locks.set(lock, done);
  };
  const pump = (): void => {
    for (let next = waiting.findIndex(mayBegin); next >= 0; next = waiting.findIndex(mayBegin))
      for (const entry of waiting.splice(next, 1)) begin(entry);
  };

  return {
    submit(work) {
      const same = find(work.name);
      if (same !== undefined) {
        same.work = work;
        return same.promise;
      }
      const entry: Entry = { work, ...Promise.withResolvers<void>() };
      waiting.push(entry);
      pump();
      return entry.promise;
    },
    counts: () => ({ waiting: waiting.length, making, running: locks.size }),
    async end() {
      ended = true;
      for (const { resolve } of waiting.splice(0)) resolve();
      await Promise.all(locks.values());
    },
  };
}
