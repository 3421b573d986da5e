/**
 * Everything of a service stands still (STOP), its children and theirs in whatever group, and goes on (CONT) as it was: what a pause or a signal
 * holds stays as it is, and so does what was stopped before.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { findMarked, send } from "./marked.ts";
import type { Found, Marks, Strangers } from "./marked.ts";

export interface Freezer {
  /** Of freezes that overlap, the last to be lifted thaws. Undefined if there is nobody. */
  freeze(): Promise<Disposable | undefined>;
  /** Something has begun meanwhile. */
  include(): Promise<void>;
  /** A CONT, which what is frozen hears when it is thawed. */
  resume(work: () => void): void;
}

export interface FreezerOptions extends Marks {
  /** Whether something else holds a process. */
  readonly isHeld: (found: Found) => boolean;
}

/** A signal is there at once, but a process that has no CPU just now takes it in its time: it may have a child first. */
const mostLooks = 100;
const betweenLooksMs = 2;

export function createFreezer({ isHeld, ...marks }: FreezerOptions): Freezer {
  let freezes = 0;
  const stopped = new Set<number>();
  const strangers: Strangers = new Map();
  let owed: (() => void)[] = [];

  const isFrozen = (): boolean => freezes > 0;
  /** Until everybody is seen to stand still. False if there is nobody. */
  const stopAll = async (): Promise<boolean> => {
    for (let looks = 1; isFrozen() && looks <= mostLooks; looks++) {
      const found = findMarked(marks, strangers);
      if (found.length === 0) return false;
      const moving = found.filter((each) => !each.stopped);
      if (moving.every(({ pid, waiting }) => waiting && stopped.has(pid))) return true;
      for (const { pid } of moving) if (send(pid, "SIGSTOP")) stopped.add(pid);
      await sleep(betweenLooksMs);
    }
    return true;
  };
  const thaw = (): void => {
    for (const found of findMarked(marks, strangers))
      if (stopped.has(found.pid) && !isHeld(found)) send(found.pid, "SIGCONT");
    stopped.clear();
    const late = owed;
    owed = [];
    for (const work of late) work();
  };
  const lift = (): void => {
    freezes -= 1;
    if (freezes === 0) thaw();
  };

  return {
    async freeze() {
      freezes += 1;
      using undo = new DisposableStack();
      undo.defer(lift);
      return (await stopAll()) ? undo.move() : undefined;
    },
    include: async () => void (isFrozen() && (await stopAll())),
    resume(work) {
      if (isFrozen()) owed.push(work);
      else work();
    },
  };
}
