/**
 * One call of PLC's API: XML-RPC by POST, under the deadlines of a fetch.
 *
 *     method, params ──► <methodCall> ──download──► <methodResponse> ──► value, or the fault that PLC names
 */
import type { Host } from "../../host/host.ts";
import { decodeReply, encodeCall, XmlRpcError, type Reply, type XmlRpcValue } from "../xml-rpc.ts";
import type { Config } from "./config.ts";
import type { Directory } from "./directory.ts";
import type { Dump } from "./dump.ts";
import { download, FetchError, limitsOf, xml } from "./fetch.ts";

/** PLC says no, and why: its numbers are those of reference 1.3. */
export class ApiFault extends Error {
  override readonly name = "ApiFault";
  readonly code: number;

  constructor(method: string, code: number, message: string) {
    super(`${method}: ${code} ${message}`);
    this.code = code;
  }
}

/** PLC does not know who calls. */
export const notAuthenticated = 103;

export interface PlcApi {
  /** @throws {ApiFault, FetchError} and the signal's reason. */
  call(method: string, params: readonly XmlRpcValue[], signal: AbortSignal): Promise<XmlRpcValue>;
}

export const apiPath = "/PLCAPI/";

export function createPlcApi(
  host: Host,
  config: Config,
  { directory, dump }: { readonly directory: Directory; readonly dump: Dump },
): PlcApi {
  const url = new URL(apiPath, config.plc).href;
  const limits = limitsOf(config);
  return {
    async call(method, params, signal) {
      const body = encodeCall({ method, params });
      dump.line("api", "call", { method, bytes: body.length });
      const { bytes, outcome } = await download(host, directory, { url, body, type: xml, ...limits }, signal);
      if (outcome !== "ok") throw new FetchError(outcome, `the reply to ${method} was ${outcome}`);
      const reply = read(method, bytes, dump);
      dump.line("api", "reply", {
        method,
        ...("fault" in reply && { fault: reply.fault.code, why: reply.fault.message }),
        bytes: bytes.length,
      });
      if ("fault" in reply) throw new ApiFault(method, reply.fault.code, reply.fault.message);
      return reply.value;
    },
  };
}

function read(method: string, bytes: Uint8Array, dump: Dump): Reply {
  try {
    return decodeReply(new TextDecoder().decode(bytes));
  } catch (cause) {
    if (!(cause instanceof XmlRpcError)) throw cause;
    const why = `the reply to ${method} is none: ${cause.message}`;
    dump.malformed("api", why, bytes);
    throw new FetchError("type", why, { cause });
  }
}
