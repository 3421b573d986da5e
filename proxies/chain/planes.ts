/** Which proxies a link needs besides the one where its client knocks: plain data, since they may be in another process. */
import type { FaultOfLink } from "../../faults/registry.ts";

/**
 * In their order from the client to the server. Of the first two, the one ends the TLS of every connection, the other only that of those which a fault
 * wants so. `origination` begins TLS again, and `upstream` is tcp once more, for faults whose `leg` that is.
 */
export const innerProxies = ["termination", "tls", "http", "origination", "upstream"] as const;
export type InnerProxy = (typeof innerProxies)[number];

export const legs = ["client", "upstream"] as const;
export type Leg = (typeof legs)[number];

/** Which of them carries a fault; undefined if the outermost does. One that `tls` carries, `termination` carries as well. */
export function innerProxyFor(fault: FaultOfLink, leg: Leg = "client"): InnerProxy | undefined {
  if (fault.plane === "tcp") return leg === "upstream" ? "upstream" : undefined;
  if (fault.plane === "tls") return fault.ending === undefined ? "tls" : "termination";
  return fault.plane === "http" ? "http" : undefined;
}

/** All that a link needs if it needs these, in order. `secure`: its requests are within TLS. */
export function withNeeded(needed: Iterable<InnerProxy>, secure: boolean): readonly InnerProxy[] {
  const inner = new Set(needed);
  // Requests within TLS are seen by nobody who has not ended it; and what ends connections within TLS may want one that is there.
  if (inner.has("http") && secure) inner.add("termination").add("origination");
  if (inner.has("termination")) inner.delete("tls");
  return innerProxies.filter((which) => inner.has(which));
}
