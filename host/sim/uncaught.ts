/** Errors that nobody catches are the end of the simulated process in whose context they were thrown, and of no other. */
import type { EventEmitter } from "node:events";
import { runningParty } from "./context.ts";

/** Until it is disposed. An error outside of any simulated process goes where it would have gone. */
export function attributeCrashes(): Disposable {
  // It comes before all listeners, and needs to put none of them aside.
  process.setUncaughtExceptionCaptureCallback(onUncaught);
  const aside = process.rawListeners("unhandledRejection") as NodeJS.UnhandledRejectionListener[];
  process.removeAllListeners("unhandledRejection");

  const onRejected = (reason: unknown, promise: Promise<unknown>): void => {
    const party = runningParty();
    if (party !== undefined) party.crash(reason);
    else if (aside.length === 0) throw reason;
    else for (const listener of aside) listener.call(process, reason, promise);
  };
  process.on("unhandledRejection", onRejected);

  return {
    [Symbol.dispose]() {
      process.setUncaughtExceptionCaptureCallback(null);
      process.off("unhandledRejection", onRejected);
      for (const listener of aside) process.on("unhandledRejection", listener);
    },
  };
}

function onUncaught(error: Error): void {
  const party = runningParty();
  if (party !== undefined) party.crash(error);
  else if (!(process as EventEmitter).emit("uncaughtException", error, "uncaughtException")) endWith(error);
}

/** As if nobody had captured it: Node prints it, and ends with code 1. */
function endWith(error: Error): void {
  process.setUncaughtExceptionCaptureCallback(null);
  process.nextTick(() => {
    throw error;
  });
}
