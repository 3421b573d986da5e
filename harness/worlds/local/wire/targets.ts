/** What faults of cables and packets act on, over a wire. */
import type { Targets } from "../../../../faults/targets.ts";
import type { Wire } from "./wire.ts";

export function targetsOf({ befall }: Pick<Wire, "befall">): Required<Pick<Targets, "network" | "packet">> {
  return {
    network: { cut: (direction, onLost) => befall({ what: "cut", probability: 1, direction }, onLost) },
    packet: { disturb: (what, chosen, onFirst) => befall({ what, ...chosen }, onFirst) },
  };
}
