/** Ctrl-C, and SIGTERM as a CI system sends it: one signal that everything which waits is given. */

export class Interrupted extends Error {}

/** Everything must be gone within 5 s; what hangs longer than this is left to the namespace or to the reaper. */
const patienceMs = 4500;

export interface Interrupts {
  readonly signal: AbortSignal;
  /** The command has ended: what comes now ends the process as usual. */
  done(): void;
}

export function listenForInterrupts(): Interrupts {
  const controller = new AbortController();
  const interrupt = (): void => {
    if (controller.signal.aborted) return;
    controller.abort(new Interrupted("interrupted"));
    setTimeout(() => process.exit(130), patienceMs).unref();
  };
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  return {
    signal: controller.signal,
    done: () => void process.off("SIGINT", interrupt).off("SIGTERM", interrupt),
  };
}
