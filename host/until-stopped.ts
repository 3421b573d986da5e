/** A program that does its work until it is told to stop. */
import { ArgumentError, HelpRequest } from "./arguments.ts";
import { codeOf } from "./error-code.ts";
import type { Host, Main } from "./host.ts";

/**
 * SIGTERM and SIGINT abort the signal: exit code 0 then, and when the work is done, unless it gives another. Wrong arguments are told in the log, and are
 * 2; `--help` is answered there, and is 0; where it is to listen and can't, that is told, and is 1.
 */
export function untilStopped<Config>(
  readConfig: (args: readonly string[], host: Host) => Config | Promise<Config>,
  work: (host: Host, config: Config, signal: AbortSignal) => Promise<number | void>,
): Main {
  return async (host, args) => {
    const stop = new AbortController();
    using handlers = new DisposableStack();
    for (const name of ["TERM", "INT"] as const) handlers.use(host.signals.on(name, () => stop.abort()));
    try {
      return (await work(host, await readConfig(args, host), stop.signal)) ?? 0;
    } catch (error) {
      if (stop.signal.aborted && error === stop.signal.reason) return 0;
      if (error instanceof HelpRequest) {
        host.log("help", { options: error.options });
        return 0;
      }
      if (error instanceof ArgumentError) {
        host.log("arguments.refused", { why: error.message });
        return 2;
      }
      if (error instanceof Error && isOfListening(error)) {
        host.log("listen.failed", { why: error.message });
        return 1;
      }
      throw error;
    }
  };
}

/** A server's, or a socket's of datagrams. */
function isOfListening(error: Error): boolean {
  const isCall = "syscall" in error && (error.syscall === "listen" || error.syscall === "bind");
  return isCall && ["EADDRINUSE", "EADDRNOTAVAIL", "EACCES"].includes(String(codeOf(error)));
}
