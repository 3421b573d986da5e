/** Signals as the kernel and Node handle them: a handler instead of the default action, and one delivery for those that came while it stood still. */
import type { Exit, SignalName, Signals } from "../host.ts";
import type { ControlledProcess } from "./process.ts";

export interface SignalBox {
  readonly signals: Signals;
  /** What `kill` does. False if nobody is there. */
  send(signal: SignalName): boolean;
}

/** Nothing happens by default: CHLD and CONT by POSIX, PIPE since Node ignores it, USR1 since Node only opens its debugger. */
const harmless: ReadonlySet<SignalName> = new Set(["CHLD", "CONT", "PIPE", "USR1"]);

export function createSignalBox(process: ControlledProcess): SignalBox {
  const handlers = new Map<SignalName, Set<() => void>>();
  const pending = new Set<SignalName>();

  const handle = (signal: SignalName): void => {
    pending.delete(signal);
    // Whose handlers have gone meanwhile is forgotten: it was caught when it came.
    for (const handler of handlers.get(signal) ?? []) handler();
  };

  return {
    signals: {
      on(signal, handler) {
        const listening = handlers.get(signal) ?? new Set();
        handlers.set(signal, listening);
        // The same handler may be there twice.
        const own = (): void => handler();
        listening.add(own);
        return { [Symbol.dispose]: () => void listening.delete(own) };
      },
    },
    send(signal) {
      if (process.exit !== undefined) return false;
      if (signal === "KILL") process.end(endedBy(signal));
      else if (signal === "STOP") process.stop(true);
      else if (signal === "CONT") {
        process.stop(false);
        if (isHandled("CONT")) process.deliver(() => handle("CONT"));
      } else if (!isHandled(signal)) {
        // The kernel asks nobody, but what is stopped ends only when it goes on.
        if (!harmless.has(signal)) process.deliver(() => process.end(endedBy(signal)));
      } else if (!pending.has(signal)) {
        pending.add(signal);
        process.deliver(() => handle(signal));
      }
      return true;
    },
  };

  function isHandled(signal: SignalName): boolean {
    return (handlers.get(signal)?.size ?? 0) > 0;
  }
}

export function endedBy(signal: SignalName): Exit {
  return { code: undefined, signal };
}
