import { z } from "zod";
import { share } from "../units.ts";
import { udpFault } from "./contract.ts";

export const duplicate = udpFault({
  plane: "udp",
  kind: "udp.duplicate",
  about: "Datagrams arrive twice, the copy right behind: to a server, that is one more request.",
  source: "tc-netem(8), duplicate",
  example: "{ probability: 20% }",
  pulse: false,
  direction: "both",
  parameters: z.strictObject({
    probability: share.meta({ description: "of each datagram", strengths: ["1%", "100%"] }),
  }),
  start: () => ({}),
  map: (datagram, _state, { probability }, { draw }) =>
    draw("duplicate", datagram.ordinal) < probability ? [datagram, datagram] : datagram,
});
