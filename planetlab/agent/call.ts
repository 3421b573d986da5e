/** A call to a Node Manager, asked again until it is answered: whether one was done that was not answered can't be told. */
import type { Address, Host } from "../../host/host.ts";
import { createDeadline } from "../../host/deadline.ts";
import { request } from "../../host/http.ts";
import { readBody } from "../body.ts";
import { decodeReply, encodeCall, type Call, type Reply, type XmlRpcValue } from "../xml-rpc.ts";

const replyLimitBytes = 1024 * 1024;

export interface Asking {
  readonly node: Address;
  /** By default `/`, in the clear, as a Node Manager is asked. */
  readonly path?: string;
  readonly tls?: boolean;
  /** A call that was not answered is made again after a fifth of this. */
  readonly everyMs: number;
  /** For one call; Infinity: for ever. */
  readonly timeoutMs: number;
  /** How often one call is made; by default until it is answered. */
  readonly tries?: number;
}

/** `[code, value]`, as the Node Manager says it: 0 is yes. */
export interface Answer {
  readonly code: number;
  readonly value: XmlRpcValue;
}

/** A fault of the protocol, which says that the server is in trouble and not what it has done: no answer to go by. */
const faultCode = -1;

/** The answer, or undefined if there was none. `call` makes it anew for each try. */
export async function callUntilAnswered(
  host: Host,
  config: Asking,
  call: () => Call,
  signal: AbortSignal,
): Promise<Answer | undefined> {
  const { tries = Infinity, everyMs } = config;
  for (let n = 1; n <= tries && !signal.aborted; n += 1) {
    const asked = call();
    const { method } = asked;
    const began = host.clock.monotonic();
    const answer = await callOnce(host, config, asked, signal).then(read, (error: unknown) => {
      host.log("agent.unanswered", { method, why: error instanceof Error ? error.message : String(error) });
    });
    if (answer !== undefined) {
      const { code, value } = answer;
      const ms = Math.round(host.clock.monotonic() - began);
      if (code === 0) host.log("agent.done", { method, tries: n, ms });
      else host.log("agent.refused", { method, tries: n, ms, code, why: value });
      if (code !== faultCode) return answer;
    }
    await host.clock.sleep(everyMs / 5, { signal }).catch(() => undefined);
  }
  return undefined;
}

function read(reply: Reply): Answer {
  if ("fault" in reply) return { code: faultCode, value: reply.fault.message };
  const [code, value = null] = Array.isArray(reply.value) ? (reply.value as readonly XmlRpcValue[]) : [];
  return typeof code === "number" ? { code, value } : { code: faultCode, value: "the reply is no [code, value]" };
}

/** @throws {Error} if there is no answer. */
export async function callOnce(
  host: Host,
  { node, path = "/", tls = false, timeoutMs }: Asking,
  call: Call,
  signal: AbortSignal,
): Promise<Reply> {
  using deadline = createDeadline(host.clock, timeoutMs, { signal });
  const headers = { host: `${node.host}:${node.port}`, "content-type": "text/xml" };
  const options = { address: node, path, tls, method: "POST", headers, body: encodeCall(call) };
  const { status, body } = await request(host, options, deadline);
  const text = await readBody(body as AsyncIterable<Uint8Array>, replyLimitBytes);
  if (status !== 200) throw new Error(`the reply has status ${status}`);
  return decodeReply(text);
}
