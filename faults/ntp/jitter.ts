import { z } from "zod";
import { drawFrom, isDistribution, perItem } from "../distribution.ts";
import { duration } from "../units.ts";
import { ntpFault } from "./contract.ts";
import { wrongBy } from "./packet.ts";

export const jitter = ntpFault({
  plane: "ntp",
  kind: "ntp.jitter",
  about:
    "The server's time is noisy: each reply is wrong by something else. A client's clock filter has to find out which of them to believe.",
  source: "RFC 5905, section 10 (clock filter) and section 9.1 (jitter)",
  example: "{ by: 50ms }",
  pulse: false,
  parameters: z.strictObject({
    by: perItem(duration).meta({
      description:
        "how wrong a reply is: a duration is plus or minus so much, evenly; a distribution is taken as drawn",
      perItem: true,
      strengths: ["100us", "10s"],
    }),
  }),
  start: () => ({}),
  after(reply, _request, _state, { by }, { ordinal, draw }) {
    const deviation = isDistribution(by) ? by : { uniform: [-by, by] as const };
    const wrong = drawFrom(deviation, { n: ordinal - 1, uniform: (k) => draw(`jitter.${k}`, ordinal) });
    return { ...reply, packet: wrongBy(reply.packet, wrong) };
  },
});
