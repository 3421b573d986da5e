import { z } from "zod";
import { plcFault } from "./contract.ts";

export const vanish = plcFault({
  kind: "plc.vanish",
  parameters: z.strictObject({ share: z.number().min(0).max(1).default(1), node: z.int().optional() }),
  begin: ({ share, node }, { hit, draw }) => ({
    slices(slices, asked) {
      if (node !== undefined && asked.node !== node) return slices;
      const gone = new Set(
        slices
          .toSorted((one, other) => draw(String(one.id)) - draw(String(other.id)))
          .slice(0, Math.round(share * slices.length)),
      );
      if (gone.size > 0) hit({ slices: gone.size });
      return slices.filter((slice) => !gone.has(slice));
    },
  }),
});
