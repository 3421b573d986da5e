/** Which proxies a link needs besides the one where its client knocks: plain data, since they may be in another process. */
import { faults } from "../../faults/registry.ts";
import type { Plan, Step } from "../plan/schema.ts";

/** In their order from the client to the server. `upstream` is tcp once more, for faults whose `leg` that is. */
export const innerProxies = ["http", "upstream"] as const;
export type InnerProxy = (typeof innerProxies)[number];

/** By link; one that is not in it needs none. Whatever may come is in the plan's steps: controls change none of them, and a mix is written into them. */
export type InnerProxies = ReadonlyMap<string, readonly InnerProxy[]>;

export function innerProxiesOf({ phases }: Pick<Plan, "phases">): InnerProxies {
  const needed = phases.flatMap(({ faults: steps }) =>
    steps.flatMap((step) => step.where.names.flatMap((link) => innerOf(step).map((inner) => ({ link, inner })))),
  );
  const byLink = Map.groupBy(needed, ({ link }) => link);
  return new Map(
    [...byLink].map(([link, all]) => [
      link,
      innerProxies.filter((candidate) => all.some(({ inner }) => inner === candidate)),
    ]),
  );
}

function innerOf({ choices, match }: Step): readonly InnerProxy[] {
  return choices.flatMap(({ kind = "" }) => {
    const inner = innerProxyFor(faults.get(kind)?.plane, match);
    return inner === undefined ? [] : [inner];
  });
}

/** Which of them carries a fault of the plane; undefined if the outermost does, or it is no fault of a link. */
export function innerProxyFor(
  plane: string | undefined,
  match: Readonly<Record<string, unknown>>,
): InnerProxy | undefined {
  if (plane === "tcp") return match["leg"] === "upstream" ? "upstream" : undefined;
  return innerProxies.find((inner) => inner === plane);
}
