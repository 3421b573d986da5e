import { z } from "zod";
import { atLeastOne } from "../at-least-one.ts";
import { share } from "../units.ts";
import { udpFault } from "./contract.ts";

const either = ["probability", "p"];

export const loss = udpFault({
  plane: "udp",
  kind: "udp.loss",
  soughtAs: ["drop"],
  about:
    "Datagrams are lost, and nobody is told: each by itself with a probability, or in bursts, as Gilbert and Elliott have it, by two states of which each datagram may change one for the other.",
  source: "tc-netem(8), loss random and loss gemodel; Gilbert 1960; Elliott 1963",
  example: "{ p: 2%, r: 30% }",
  pulse: false,
  direction: "both",
  atLeastOneOf: either,
  parameters: z
    .strictObject({
      probability: share.optional().meta({ description: "of each datagram by itself", strengths: ["1%", "90%"] }),
      p: share.optional().meta({
        description: "from the good state to the bad one, with each datagram",
        strengths: ["1%", "50%"],
      }),
      r: share.optional().meta({ description: "from the bad state back to the good one; by default 100% less p" }),
      "1-h": share.prefault("100%").meta({ description: "what is lost in the bad state" }),
      "1-k": share.prefault("0%").meta({ description: "what is lost in the good state" }),
    })
    .refine(...atLeastOne(either, "probability: 5%")),
  start: () => ({ bad: false }),
  map(datagram, state, { probability = 0, p = 0, r = 1 - p, "1-h": inBad, "1-k": inGood }, { draw }) {
    const n = datagram.ordinal;
    // The datagram that changes the state is lost, or not, as in the state before it: so does the kernel.
    const burst = draw("burst", n) < (state.bad ? inBad : inGood);
    if (draw("state", n) < (state.bad ? r : p)) state.bad = !state.bad;
    return burst || draw("loss", n) < probability ? [] : datagram;
  },
});
