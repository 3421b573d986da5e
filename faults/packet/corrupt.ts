import { z } from "zod";
import { chosen } from "./chosen.ts";
import { packetFault } from "./contract.ts";

export const corrupt = packetFault({
  plane: "packet",
  kind: "packet.corrupt",
  about:
    "A bit of a packet is turned over at random, in what it carries or else in its header, and its checksum is that of before, as on a real wire: the kernel that it reaches throws it away (InCsumErrors), and TCP sends it again. What has no checksum, such as UDP with a sender that leaves it out, arrives changed. Which packets these are is drawn by the kernel and not from the seed. A hit tells of the first ones.",
  source: "tc-netem(8), corrupt; RFC 1071",
  example: "{ probability: 5%, direction: out }",
  pulse: false,
  needs: "packets",
  parameters: z.strictObject(chosen("0.1%", "50%")),
  inject: (target, parameters, { hit }) => target.disturb("corrupt", parameters, (packets) => hit({ packets })),
});
