/**
 * The PLC agent: sees to it that slices have resources on a node. For each one it acquires a set and binds it, and renews that again and again.
 *
 *     --node node.test:812 --slices princeton_slice001,princeton_slice002
 *     --share 0                            CPU shares in a set
 *     --every 500ms                        from one set of resources to the next
 *     --timeout 1s                         for one call; it is made again after a fifth of --every
 *     --tries 1000                         of one call, and then the agent begins anew
 *     --bind on                            `off` forgets what it has acquired
 *
 * What is not answered it asks once more, since it can't be told whether it was done; and so it lives with what the Node Manager then answers.
 */
import { readFlags } from "../../host/arguments.ts";
import type { Host } from "../../host/host.ts";
import { client, nodeOf } from "../client.ts";
import type { XmlRpcValue } from "../xml-rpc.ts";
import { callUntilAnswered, type Answer, type Asking } from "./call.ts";
import { createGuards, type Guards } from "./guards.ts";

interface Config extends Asking {
  readonly slices: readonly string[];
  readonly share: number;
  readonly binds: boolean;
  readonly guards: Guards;
}

/** What the Node Manager refuses a bind with. */
const codes = { expiredHandle: 3, boundElsewhere: 4 };
/** So often it acquires another set for one that was gone before it could be bound. */
const mostSets = 5;

export const main = client(readConfig, supply);

function readConfig(args: readonly string[]): Config {
  const flags = readFlags(args, ["node", "slices", "share", "every", "timeout", "tries", "bind", "without"]);
  const guards = createGuards(flags.list("without"));
  return {
    node: nodeOf(flags),
    slices: flags.text("slices", "princeton_slice001").split(","),
    share: flags.integer("share", 0, 0, 1_000_000),
    everyMs: flags.duration("every", "500ms"),
    timeoutMs: guards.has("call-deadline") ? flags.duration("timeout", "1s") : Infinity,
    tries: guards.has("retry-unanswered") ? flags.integer("tries", 1000, 1, 1_000_000) : 1,
    binds: flags.word("bind", "on", ["on", "off"]) === "on",
    guards,
  };
}

async function supply(host: Host, config: Config, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    for (const slice of config.slices) await supplySlice(host, config, slice, signal);
    await host.clock.sleep(config.everyMs, { signal }).catch(() => undefined);
  }
}

async function supplySlice(host: Host, config: Config, slice: string, signal: AbortSignal): Promise<void> {
  const { guards, share } = config;
  const ask = (method: string, params: () => readonly XmlRpcValue[]): Promise<Answer | undefined> =>
    callUntilAnswered(host, config, () => ({ method, params: params() }), signal);
  const newName = (): string => Buffer.from(host.random.bytes(16)).toString("hex");

  for (let number = 0; number < mostSets && !signal.aborted; number += 1) {
    const name = newName();
    const nameOfTry = guards.has("same-request-name") ? () => name : newName;
    const acquired = await ask("acquire", () => [{ nm_cpu_share: share }, { request: nameOfTry() }]);
    const rcap = acquired?.code === 0 ? acquired.value : undefined;
    if (typeof rcap !== "string" || !config.binds) return;
    const bound = await ask("bind", () => [slice, rcap]);
    // Without an answer nobody knows whose it is now; if it is nobody's, it will be collected.
    if (bound === undefined) return;
    if (bound.code === 0) return host.log("agent.bound", { slice, set: rcap.slice(0, 8) });
    if (bound.code === codes.expiredHandle && guards.has("acquire-again")) continue;
    if (bound.code === codes.boundElsewhere && guards.has("leave-bound-set")) return;
    await ask("release", () => [rcap]);
    return;
  }
}
