/** What ends a command before its time: Ctrl-C, SIGTERM as a CI system sends it, a bug. One signal that everything which waits is given. */
import { aborted } from "../../host/aborted.ts";
import { Interrupted } from "../errors.ts";
import { exitCodes } from "./exit.ts";

/** An exception that nobody caught: nothing that follows can be trusted, but what was started must still be stopped. */
export class Bug extends Error {}

/** Everything must be gone within 5 s; what hangs longer than this is left to the namespace or to the reaper. */
const patienceMs = 4500;

/** How long whoever reads a log has for the rest of it: a write that nobody takes keeps Node alive. */
const patienceForLogMs = 500;

export interface Interrupts {
  readonly signal: AbortSignal;
  /** What it says is a log beside its work: it goes on when nobody reads that any more. */
  goOnUnread(): void;
  /** The command has ended: what comes now ends the process as usual. */
  done(): void;
}

export function listenForInterrupts(): Interrupts {
  const controller = new AbortController();
  const end = (reason: Error, exitCode: number): void => {
    if (controller.signal.aborted) return;
    controller.abort(reason);
    setTimeout(() => process.exit(exitCode), patienceMs).unref();
  };
  const interrupt = (): void => end(new Interrupted("interrupted"), exitCodes.interrupted);
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  // An unhandled rejection comes here as well. Node's own exit code for both is 1, which would mean that a plan has failed.
  process.on("uncaughtException", (error) => {
    // One bug often leads to many exceptions: the first one tells.
    if (!(controller.signal.reason instanceof Bug)) reportBug(error);
    process.exitCode = exitCodes.bug;
    end(new Bug("a bug in sinbin", { cause: error }), exitCodes.bug);
  });
  let mayGoUnread = false;
  let isUnread = false;
  // Whoever reads on has heard enough, as `head` has, or there is no room for what is said.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    const closed = error.code === "EPIPE";
    if (!isUnread && (mayGoUnread || !closed))
      console.error(`sinbin: standard output can't be written: ${error.message}`);
    isUnread = true;
    if (mayGoUnread) return;
    process.exitCode = closed ? exitCodes.brokenPipe : exitCodes.unknown;
    end(new Interrupted("nobody reads"), process.exitCode);
  });
  return {
    signal: controller.signal,
    goOnUnread: () => void (mayGoUnread = true),
    done() {
      process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
      if (mayGoUnread) setTimeout(() => process.exit(), patienceForLogMs).unref();
    },
  };
}

/** Node would end if it had nothing to wait for: a proxy whose door is barred listens nowhere. */
export async function untilInterrupted(signal: AbortSignal): Promise<void> {
  const alive = setInterval(() => {}, 2 ** 30);
  await aborted(signal);
  clearInterval(alive);
}

export function reportBug(error: unknown): void {
  console.error("sinbin: this is a bug in sinbin, please report it:");
  console.error(error);
}
