/** Which proxies the links of a plan need besides the one where its client knocks (`proxies/chain/`): whatever may come is in the plan's steps. */
import { faultOf } from "../../faults/key.ts";
import { isFaultOfLink } from "../../faults/registry.ts";
import { innerProxyFor, withNeeded, type InnerProxy, type Leg } from "../../proxies/chain/planes.ts";
import type { Plan, Step } from "../plan/schema.ts";

/** By link; one that is not in it needs none. Controls change no step, and a mix is written into them. */
export type InnerProxies = ReadonlyMap<string, readonly InnerProxy[]>;

export function innerProxiesOf({ phases, links }: Pick<Plan, "phases" | "links">): InnerProxies {
  const needed = phases.flatMap(({ faults: steps }) =>
    steps.flatMap((step) => step.where.names.flatMap((link) => innerOf(step).map((inner) => ({ link, inner })))),
  );
  const byLink = Map.groupBy(needed, ({ link }) => link);
  return new Map(
    [...byLink].map(([link, all]) => {
      const secure = links[link]?.proto === "https";
      return [
        link,
        withNeeded(
          all.map(({ inner }) => inner),
          secure,
        ),
      ];
    }),
  );
}

function innerOf({ choices, match }: Step): readonly InnerProxy[] {
  return choices.flatMap(({ kind = "" }) => {
    const fault = faultOf(kind);
    const inner = fault && isFaultOfLink(fault) ? innerProxyFor(fault, match["leg"] as Leg | undefined) : undefined;
    return inner === undefined ? [] : [inner];
  });
}
