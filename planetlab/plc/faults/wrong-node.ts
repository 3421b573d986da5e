import { z } from "zod";
import { plcFault } from "./contract.ts";

export const wrongNode = plcFault({
  kind: "plc.wrong-node",
  parameters: z.strictObject({ node: z.int().optional(), other: z.int().optional() }),
  begin: ({ node, other }, { hit, plc: { database } }) => ({
    whose(asking) {
      if (node !== undefined && asking !== node) return asking;
      const told = other ?? database.data.nodes.find(({ id }) => id !== asking)?.id ?? asking + 1;
      if (told !== asking) hit({ node: asking, told });
      return told;
    },
  }),
});
