/** What the programs have in common that call a Node Manager until somebody stops them. */
import { parseAddress } from "../host/address.ts";
import { ArgumentError, type Flags } from "../host/arguments.ts";
import type { Address, Host, Main } from "../host/host.ts";
import { untilStopped } from "../host/until-stopped.ts";

/** They are ready as soon as they are there: nobody calls them. */
export function client<Config>(
  readConfig: (args: readonly string[]) => Config,
  work: (host: Host, config: Config, signal: AbortSignal) => Promise<void>,
): Main {
  return untilStopped(readConfig, (host, config, signal) => {
    host.log("ready");
    return work(host, config, signal);
  });
}

/** @throws {ArgumentError} */
export function addressOf(flag: string, text: string): Address {
  const address = parseAddress(text);
  if (address.host !== "" && address.port > 0) return address;
  throw new ArgumentError(`--${flag} ${text}: write an address, such as node.test:812`);
}

/** `--node node.test:812`. */
export function nodeOf(flags: Flags): Address {
  return addressOf("node", flags.text("node", "node.test:812"));
}
