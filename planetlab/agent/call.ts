/** A call to a Node Manager, asked again until it is answered: whether one was done that was not answered can't be told. */
import type { Address, Host } from "../../host/host.ts";
import { createDeadline } from "../../host/deadline.ts";
import { request } from "../../host/http.ts";
import { readBody } from "../body.ts";
import { decodeReply, encodeCall, type Call, type Reply, type XmlRpcValue } from "../xml-rpc.ts";

const replyLimitBytes = 1024 * 1024;

export interface Asking {
  readonly node: Address;
  /** A call that was not answered is made again after a fifth of this. */
  readonly everyMs: number;
  /** For one call. */
  readonly timeoutMs: number;
}

/** The value, or undefined if it was refused. */
export async function callUntilAnswered(
  host: Host,
  config: Asking,
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

/** @throws {Error} if there is no answer. */
export async function callOnce(
  host: Host,
  { node, timeoutMs }: Asking,
  call: Call,
  signal: AbortSignal,
): Promise<Reply> {
  using deadline = createDeadline(host.clock, timeoutMs, { signal });
  const headers = { host: `${node.host}:${node.port}`, "content-type": "text/xml" };
  const options = { address: node, path: "/", method: "POST", headers, body: encodeCall(call) };
  const { status, body } = await request(host, options, deadline);
  const text = await readBody(body as AsyncIterable<Uint8Array>, replyLimitBytes);
  if (status !== 200) throw new Error(`the reply has status ${status}`);
  return decodeReply(text);
}
