/** What the programs have in common that call a Node Manager until somebody stops them. */
import { parseAddress } from "../host/address.ts";
import { ArgumentError, type Flags } from "../host/arguments.ts";
import type { Address, Host, Main } from "../host/host.ts";

/** Works until it is told to stop (SIGTERM, SIGINT): exit code 0. Wrong arguments are told, and are 2. */
export function untilStopped<Config>(
  readConfig: (args: readonly string[]) => Config,
  work: (host: Host, config: Config, signal: AbortSignal) => Promise<void>,
): Main {
  return async (host, args) => {
    try {
      const config = readConfig(args);
      const stop = new AbortController();
      using handlers = new DisposableStack();
      for (const name of ["TERM", "INT"] as const) handlers.use(host.signals.on(name, () => stop.abort()));
      host.log("ready");
      await work(host, config, stop.signal);
      return 0;
    } catch (error) {
      if (!(error instanceof ArgumentError)) throw error;
      host.log("arguments.refused", { why: error.message });
      return 2;
    }
  };
}

/** `--node node.test:812`. */
export function nodeOf(flags: Flags): Address {
  const node = parseAddress(flags.text("node", "node.test:812"));
  if (node.host === "" || !(node.port > 0)) throw new ArgumentError("--node: write an address, such as node.test:812");
  return node;
}
