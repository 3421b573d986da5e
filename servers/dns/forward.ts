/** A name server that knows nothing itself: it asks another one, over what it was asked over, and passes on what that one says. */
import type { Address, Host } from "../../host/host.ts";
import { failed } from "./answer.ts";
import { askOverTcp, askOverUdp } from "./ask.ts";
import { readQuery, sizeFor, writeFailure, writeReply } from "./message.ts";
import type { Respond } from "./serve.ts";

export function createForwarder(host: Host, upstream: Address): Respond {
  return async (message, over) => {
    const query = readQuery(message);
    if (query === undefined) return [];
    if ("problem" in query) return [writeFailure(query.id, query.problem)];
    const isReply = (bytes: Uint8Array): boolean =>
      bytes.length >= 12 && Buffer.from(bytes).readUInt16BE() === query.id && ((bytes[2] ?? 0) & 0x80) !== 0;
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
      return [writeReply(query, failed("SERVFAIL"), { limit: sizeFor(query) })];
    }
  };
}
