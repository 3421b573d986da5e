import { z } from "zod";
import { direction } from "../direction.ts";
import { networkFault } from "./contract.ts";

export const cut = networkFault({
  plane: "network",
  kind: "network.cut",
  about:
    "The service's cable is cut somewhere on its way, in one direction or both: packets are lost, and nobody is told. Connections stand still; when the fault is lifted they go on after their next retransmission, unless somebody has given up by then. A hit tells of the first packets that were lost: a cut through which nothing went is none.",
  source: "RFC 9293, 3.8; RFC 6298; Muir 2004, 3.1",
  example: "{ direction: out }",
  pulse: false,
  needs: "cables",
  parameters: z.strictObject({ direction }),
  inject: (target, parameters, { hit }) => target.cut(parameters.direction, (packets) => hit({ packets })),
});
