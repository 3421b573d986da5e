/**
 * An agent, as services use a Node Manager: acquires resources on a node and binds them to a slice, again and again. What is not answered is asked once
 * more, since it can't be told whether it was done.
 *
 *     --node node.test:812 --slice princeton_slice001
 *     --every 500ms                        from one set of resources to the next
 *     --timeout 1s                         for one call
 *     --bind on                            `off` forgets what it has acquired
 */
import type { Address, Host } from "../../host/host.ts";
import { readFlags } from "../../host/arguments.ts";
import { nodeOf, untilStopped } from "../client.ts";
import { callUntilAnswered } from "./call.ts";

interface Config {
  readonly node: Address;
  readonly slice: string;
  readonly everyMs: number;
  readonly timeoutMs: number;
  readonly binds: boolean;
}

export const main = untilStopped(readConfig, bindForEver);

function readConfig(args: readonly string[]): Config {
  const flags = readFlags(args, ["node", "slice", "every", "timeout", "bind"]);
  return {
    node: nodeOf(flags),
    slice: flags.text("slice", "princeton_slice001"),
    everyMs: flags.duration("every", "500ms"),
    timeoutMs: flags.duration("timeout", "1s"),
    binds: flags.word("bind", "on", ["on", "off"]) === "on",
  };
}

async function bindForEver(host: Host, config: Config, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const rcap = await callUntilAnswered(host, config, { method: "acquire", params: [{ nm_cpu_share: 0 }] }, signal);
    if (typeof rcap === "string" && config.binds)
      await callUntilAnswered(host, config, { method: "bind", params: [config.slice, rcap] }, signal);
    await host.clock.sleep(config.everyMs, { signal }).catch(() => undefined);
  }
}
