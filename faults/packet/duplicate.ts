import { z } from "zod";
import { chosen } from "./chosen.ts";
import { packetFault } from "./contract.ts";

export const duplicate = packetFault({
  plane: "packet",
  kind: "packet.duplicate",
  about:
    "Packets arrive twice at random, the copy right behind. TCP throws it away; to a server of UDP it is one more request. Which packets these are is drawn by the kernel and not from the seed. A hit tells of the first ones.",
  source: "tc-netem(8), duplicate; RFC 9293, 3.10.7.4",
  example: "{ probability: 20%, direction: in }",
  pulse: false,
  needs: "packets",
  parameters: z.strictObject(chosen("1%", "100%")),
  inject: (target, parameters, { hit }) => target.disturb("duplicate", parameters, (packets) => hit({ packets })),
});
