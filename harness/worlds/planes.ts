/** Which proxies a link needs besides the one where its client knocks: plain data, since they may be in another process. */
import { faults } from "../../faults/registry.ts";
import type { Link, Plan, Step } from "../plan/schema.ts";

/**
 * In their order from the client to the server. Of the first two, the one ends the TLS of every connection, the other only that of those which a fault
 * wants so. `origination` begins TLS again, and `upstream` is tcp once more, for faults whose `leg` that is.
 */
export const innerProxies = ["termination", "tls", "http", "origination", "upstream"] as const;
export type InnerProxy = (typeof innerProxies)[number];

/** By link; one that is not in it needs none. Whatever may come is in the plan's steps: controls change none of them, and a mix is written into them. */
export type InnerProxies = ReadonlyMap<string, readonly InnerProxy[]>;

export function innerProxiesOf({ phases, links }: Pick<Plan, "phases" | "links">): InnerProxies {
  const needed = phases.flatMap(({ faults: steps }) =>
    steps.flatMap((step) => step.where.names.flatMap((link) => innerOf(step).map((inner) => ({ link, inner })))),
  );
  const byLink = Map.groupBy(needed, ({ link }) => link);
  return new Map(
    [...byLink].map(([link, all]) => {
      const wanted = withTls(new Set(all.map(({ inner }) => inner)), links[link]);
      return [link, innerProxies.filter((candidate) => wanted.has(candidate))];
    }),
  );
}

/** Requests within TLS are seen by nobody who has not ended it; and what ends connections within TLS may want one that is there. */
function withTls(inner: ReadonlySet<InnerProxy>, link: Link | undefined): ReadonlySet<InnerProxy> {
  const seesInside = inner.has("http") && link?.proto === "https";
  if (!seesInside && !inner.has("termination")) return inner;
  const others = [...inner].filter((each) => each !== "tls");
  return new Set<InnerProxy>([...others, "termination", ...(seesInside ? (["origination"] as const) : [])]);
}

function innerOf({ choices, match }: Step): readonly InnerProxy[] {
  return choices.flatMap(({ kind = "" }) => {
    const inner = innerProxyFor(kind, match);
    return inner === undefined ? [] : [inner];
  });
}

/** Which of them carries a fault; undefined if the outermost does, or it is no fault of a link. One that `tls` carries, `termination` carries as well. */
export function innerProxyFor(kind: string, match: Readonly<Record<string, unknown>>): InnerProxy | undefined {
  const fault = faults.get(kind);
  if (fault?.plane === "tcp") return match["leg"] === "upstream" ? "upstream" : undefined;
  if (fault?.plane === "tls") return fault.ending === undefined ? "tls" : "termination";
  return fault?.plane === "http" ? "http" : undefined;
}
