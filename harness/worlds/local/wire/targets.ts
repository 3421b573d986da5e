/** What faults of cables and packets act on, over a wire. */
import type { Targets } from "../../../../faults/targets.ts";
import type { Befall } from "./wire.ts";

export function targetsOf(befall: Befall): Required<Pick<Targets, "network" | "packet">> {
  return {
    network: { cut: (direction, onLost) => befall({ what: "cut", probability: 1, direction }, onLost) },
    packet: { disturb: (what, chosen, onFirst) => befall({ what, ...chosen }, onFirst) },
  };
}
