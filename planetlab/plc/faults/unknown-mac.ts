import { z } from "zod";
import { plcFault } from "./contract.ts";

export const unknownMac = plcFault({
  kind: "plc.unknown-mac",
  parameters: z.strictObject({ node: z.int() }),
  begin: ({ node }, { hit }) => ({
    node(told) {
      if (told.id !== node || told.interfaces.length === 0) return told;
      hit({ node });
      return { ...told, interfaces: [] };
    },
    nodes(nodes) {
      if (!nodes.some(({ id }) => id === node)) return nodes;
      hit({ node });
      return nodes.filter(({ id }) => id !== node);
    },
  }),
});
