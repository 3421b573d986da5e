/** Signals to a process of this machine and to its group, and what they leave stopped. */
import { signalGroup } from "../../../host/real/processes.ts";
import type { Recipient, Signal } from "../../../faults/process/contract.ts";
import type { Freezer } from "./freezer.ts";
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
  readonly isGone: () => boolean;
  /** What may keep it from going on. */
  readonly freezer?: Pick<Freezer, "resume"> | undefined;
}

export function createSignalling({ pid, toMain, isGone, freezer }: SignallingOptions): Signalling {
  let pauses = 0;
  const paused = new Set<Recipient>();
  /** The main process, and the rest of its group. */
  const held = { main: false, others: false };

  const deliver = (signal: Signal, to: Recipient): boolean =>
    to === "group" ? signalGroup(pid, signal) : !isGone() && toMain(signal);
  const send = (signal: Signal, to: Recipient): boolean => {
    if (signal === "STOP" || signal === "CONT") {
      held.main = signal === "STOP";
      if (to === "group") held.others = signal === "STOP";
    }
    if (signal !== "CONT" || freezer === undefined) return deliver(signal, to);
    let arrived = !isGone();
    freezer.resume(() => (arrived = deliver(signal, to)));
    return arrived;
  };

  return {
    signal: send,
    holds: (found) => (found.pid === pid ? held.main : found.group === pid && held.others),
    pause(to) {
      if (!send("STOP", to)) return undefined;
      paused.add(to);
      pauses++;
      return onceOnly(() => {
        pauses--;
        if (pauses > 0) return;
        send("CONT", paused.has("group") ? "group" : "main");
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
