/** Signals to a process of this machine, to its group, and to all that belongs to it; and what they leave stopped. */
import { signalGroup } from "../../../host/real/processes.ts";
import { recipients } from "../../../faults/process/contract.ts";
import type { Recipient, Signal } from "../../../faults/process/contract.ts";
import type { Freezer } from "./freezer.ts";
import { send } from "./marked.ts";
import type { Found } from "./marked.ts";

export interface Signalling {
  /** False if nobody is there. */
  signal(signal: Signal, to: Recipient): boolean;
  /** Of pauses that overlap, the last one to be lifted lets it go on. Undefined if nobody is there. */
  pause(to: Recipient): Disposable | undefined;
  /** Whether a pause or a signal has stopped a process, and nothing has let it go on. */
  holds(found: Found): boolean;
}

export interface SignallingOptions {
  readonly pid: number;
  /** To the process itself; false if it is gone. */
  readonly toMain: (signal: Signal) => boolean;
  /** All processes of the service, the process itself among them. */
  readonly tree: () => readonly Found[];
  readonly isGone: () => boolean;
  /** What may keep it from going on. */
  readonly freezer?: Pick<Freezer, "resume"> | undefined;
}

export function createSignalling({ pid, toMain, tree, isGone, freezer }: SignallingOptions): Signalling {
  let pauses = 0;
  const paused = new Set<Recipient>();
  /** The main process, the rest of its group, and all others. */
  const held = { main: false, group: false, others: false };

  /** Those included that are started meanwhile by one whose turn has not come. */
  const toTree = (signal: Signal): boolean => {
    const reached = new Map<number, boolean>();
    for (let fresh = tree(); fresh.length > 0; fresh = tree().filter((each) => !reached.has(each.pid)))
      for (const each of fresh) reached.set(each.pid, send(each.pid, `SIG${signal}`));
    return [...reached.values()].includes(true);
  };
  /** Who was not in the group when it was stopped, as long as it is. */
  let outside: ReadonlySet<number> | undefined;
  const idsWhere = (holds: (found: Found) => boolean): ReadonlySet<number> =>
    new Set(tree().flatMap((each) => (holds(each) ? [each.pid] : [])));
  /**
   * A child that was between fork and setsid when STOP came stands still outside of the group, where the group's CONT doesn't find it, and its
   * parent waits for it.
   */
  const resumeStrays = (known: ReadonlySet<number>): void => {
    const members = idsWhere(({ group }) => group === pid);
    const isStray = ({ pid: id, group, parent }: Found): boolean =>
      group !== pid && members.has(parent) && !known.has(id);
    for (const id of idsWhere(isStray)) send(id, "SIGCONT");
  };
  const toGroup = (signal: Signal): boolean => {
    if (signal === "STOP") outside ??= idsWhere(({ group }) => group !== pid);
    const isThere = signalGroup(pid, signal);
    if (signal === "CONT" && outside !== undefined) resumeStrays(outside);
    return isThere;
  };
  const deliver = (signal: Signal, to: Recipient): boolean => {
    const arrived = to === "tree" ? toTree(signal) : to === "group" ? toGroup(signal) : !isGone() && toMain(signal);
    if (signal === "CONT" && to !== "main") outside = undefined;
    return arrived;
  };
  const signalTo = (signal: Signal, to: Recipient): boolean => {
    if (signal === "STOP" || signal === "CONT") {
      held.main = signal === "STOP";
      if (to !== "main") held.group = signal === "STOP";
      if (to === "tree") held.others = signal === "STOP";
    }
    if (signal !== "CONT" || freezer === undefined) return deliver(signal, to);
    let arrived = !isGone();
    freezer.resume(() => (arrived = deliver(signal, to)));
    return arrived;
  };

  return {
    signal: signalTo,
    holds: (found) => (found.pid === pid ? held.main : found.group === pid ? held.group : held.others),
    pause(to) {
      if (!signalTo("STOP", to)) return undefined;
      paused.add(to);
      pauses++;
      return onceOnly(() => {
        pauses--;
        if (pauses > 0) return;
        signalTo("CONT", recipients.findLast((each) => paused.has(each)) ?? "main");
        paused.clear();
      });
    },
  };
}

function onceOnly(work: () => void): Disposable {
  const stack = new DisposableStack();
  stack.defer(work);
  return stack;
}
