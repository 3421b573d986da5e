/**
 * Everything of a service stands still (STOP), its children and theirs in whatever group, and goes on (CONT) as it was: what a pause or a signal
 * holds stays as it is, and so does what was stopped before.
 */
import { findMarked, forEachMarked, send } from "./marked.ts";
import type { Found, Marks } from "./marked.ts";

export interface Freezer {
  readonly frozen: boolean;
  /** Of freezes that overlap, the last to be lifted thaws. Undefined if there is nobody. */
  freeze(): Disposable | undefined;
  /** Something has begun meanwhile. */
  include(): void;
  /** A CONT, which what is frozen hears when it is thawed. */
  resume(work: () => void): void;
}

export interface FreezerOptions extends Marks {
  /** Whether something else holds a process. */
  readonly isHeld: (found: Found) => boolean;
}

export function createFreezer({ isHeld, ...marks }: FreezerOptions): Freezer {
  let freezes = 0;
  const stopped = new Set<number>();
  let owed: (() => void)[] = [];

  /** False if there is nobody. */
  const stopAll = (): boolean => {
    let any = false;
    forEachMarked(marks, (found) => {
      any = true;
      if (!found.stopped && send(found.pid, "SIGSTOP")) stopped.add(found.pid);
    });
    return any;
  };
  const thaw = (): void => {
    for (const found of findMarked(marks)) if (stopped.has(found.pid) && !isHeld(found)) send(found.pid, "SIGCONT");
    stopped.clear();
    const late = owed;
    owed = [];
    for (const work of late) work();
  };

  return {
    get frozen() {
      return freezes > 0;
    },
    freeze() {
      if (freezes === 0 && !stopAll()) return undefined;
      freezes += 1;
      const stack = new DisposableStack();
      stack.defer(() => {
        freezes -= 1;
        if (freezes === 0) thaw();
      });
      return stack;
    },
    include() {
      if (freezes > 0) stopAll();
    },
    resume(work) {
      if (freezes > 0) owed.push(work);
      else work();
    },
  };
}
