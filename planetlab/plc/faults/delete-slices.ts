import { z } from "zod";
import { plcFault } from "./contract.ts";

export const deleteSlices = plcFault({
  kind: "plc.delete-slices",
  parameters: z.strictObject({ share: z.number().min(0).max(1).default(1), slice: z.string().optional() }),
  begin({ share, slice: wanted }, { plc: { database }, hit, draw }) {
    const { slices } = database.data;
    const names = slices
      .toSorted((one, other) => draw(String(one.id)) - draw(String(other.id)))
      .slice(0, Math.round(share * slices.length))
      .map(({ name }) => name);
    const victims = wanted === undefined ? names : slices.flatMap(({ name }) => (name === wanted ? [name] : []));
    if (victims.length === 0) return undefined;
    hit({ slices: victims.length });
    void database.deleteSlices(victims);
    return undefined;
  },
});
