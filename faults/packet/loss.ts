import { z } from "zod";
import { chosen } from "./chosen.ts";
import { packetFault } from "./contract.ts";

export const loss = packetFault({
  plane: "packet",
  kind: "packet.loss",
  about:
    "Packets are lost at random. TCP sends them again after a while, and slows down; UDP does without. Which packets these are is drawn by the kernel and not from the seed. A hit tells of the first ones.",
  source: "tc-netem(8), loss; RFC 6298",
  example: "{ probability: 10% }",
  pulse: false,
  needs: "packets",
  parameters: z.strictObject(chosen("0.1%", "60%")),
  inject: (target, parameters, { hit }) => target.disturb("loss", parameters, (packets) => hit({ packets })),
});
