/**
 * An agent, as services use a Node Manager: acquires resources on a node and binds them to a slice, again and again. What is not answered is asked once
 * more, since it can't be told whether it was done.
 *
 *     --node node.test:812 --slice princeton_slice001
 *     --every 500ms                        from one set of resources to the next
 *     --timeout 1s                         for one call
 */
import type { Address, Host, Main } from "../../host/host.ts";
import { createDeadline } from "../../host/deadline.ts";
import { parseAddress } from "../../host/address.ts";
import { request } from "../../host/http.ts";
import { ArgumentError, readFlags } from "../../host/arguments.ts";
import { readBody } from "../body.ts";
import { decodeReply, encodeCall, type Call, type Reply, type XmlRpcValue } from "../xml-rpc.ts";

const replyLimitBytes = 1024 * 1024;

interface Config {
  readonly node: Address;
  readonly slice: string;
  readonly everyMs: number;
  readonly timeoutMs: number;
}

export const main: Main = async (host, args) => {
  try {
    const config = readConfig(args);
    const stop = new AbortController();
    using handlers = new DisposableStack();
    for (const name of ["TERM", "INT"] as const) handlers.use(host.signals.on(name, () => stop.abort()));
    host.log("ready");
    await bindForEver(host, config, stop.signal);
    return 0;
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    host.log("arguments.refused", { why: error.message });
    return 2;
  }
};

function readConfig(args: readonly string[]): Config {
  const flags = readFlags(args, ["node", "slice", "every", "timeout"]);
  const node = parseAddress(flags.text("node", "node.test:812"));
  if (node.host === "" || !(node.port > 0)) throw new ArgumentError("--node: write an address, such as node.test:812");
  return {
    node,
    slice: flags.text("slice", "princeton_slice001"),
    everyMs: flags.duration("every", "500ms"),
    timeoutMs: flags.duration("timeout", "1s"),
  };
}

async function bindForEver(host: Host, config: Config, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const rcap = await callUntilAnswered(host, config, { method: "acquire", params: [{ nm_cpu_share: 0 }] }, signal);
    if (typeof rcap === "string")
      await callUntilAnswered(host, config, { method: "bind", params: [config.slice, rcap] }, signal);
    await host.clock.sleep(config.everyMs, { signal }).catch(() => undefined);
  }
}

/** The value, or undefined if it was refused. */
async function callUntilAnswered(
  host: Host,
  config: Config,
  call: Call,
  signal: AbortSignal,
): Promise<XmlRpcValue | undefined> {
  for (let n = 1; !signal.aborted; n += 1) {
    const answer = await callOnce(host, config, call, signal).catch((error: unknown) => {
      host.log("agent.unanswered", {
        method: call.method,
        why: error instanceof Error ? error.message : String(error),
      });
    });
    if (answer === undefined) {
      await host.clock.sleep(config.everyMs / 5, { signal }).catch(() => undefined);
      continue;
    }
    const [code, value] =
      "value" in answer && Array.isArray(answer.value) ? answer.value : [-1, "a fault of the protocol"];
    const refused = code !== 0;
    const outcome = { method: call.method, tries: n };
    if (refused) host.log("agent.refused", { ...outcome, code, why: value });
    else host.log("agent.done", outcome);
    return refused ? undefined : value;
  }
  return undefined;
}

async function callOnce(host: Host, { node, timeoutMs }: Config, call: Call, signal: AbortSignal): Promise<Reply> {
  using deadline = createDeadline(host.clock, timeoutMs, { signal });
  const headers = { host: `${node.host}:${node.port}`, "content-type": "text/xml" };
  const options = { address: node, path: "/", method: "POST", headers, body: encodeCall(call) };
  const { status, body } = await request(host, options, deadline);
  const text = await readBody(body as AsyncIterable<Uint8Array>, replyLimitBytes);
  if (status !== 200) throw new Error(`the reply has status ${status}`);
  return decodeReply(text);
}
