/** A name server that knows nothing itself: it asks another one, over what it was asked over, and passes on what that one says. */
import type { Address, Host } from "../../host/host.ts";
import { askOverTcp, askOverUdp } from "./ask.ts";
import { rcodes } from "../../faults/dns/message.ts";
import { isResponse, readQuery, writeRefusal } from "./message.ts";
import type { Respond } from "./serve.ts";

export function createForwarder(host: Host, upstream: Address): Respond {
  return async (message, over) => {
    const query = readQuery(message);
    if (query === undefined) return [];
    if ("malformed" in query) return [query.malformed];
    const isReply = (bytes: Uint8Array): boolean =>
      bytes[0] === query.id >> 8 && bytes[1] === (query.id & 0xff) && isResponse(bytes);
    try {
      if (over === "udp") return [await askOverUdp(host, upstream, message, isReply)];
      const replies: Uint8Array[] = [];
      await askOverTcp(host, upstream, message, (bytes) => {
        replies.push(Uint8Array.from(bytes));
        return "enough";
      });
      return replies;
    } catch (error) {
      host.log("upstream.failed", { why: error instanceof Error ? error.message : String(error) });
      return [writeRefusal(query, rcodes.servfail)];
    }
  };
}
