import { z } from "zod";
import { plcFault } from "./contract.ts";

export const firstEntryOnly = plcFault({
  kind: "plc.first-entry-only",
  parameters: z.strictObject({}),
  begin: (_parameters, { hit }) => ({
    slices(slices) {
      if (slices.length > 1) hit({ slices: slices.length - 1 });
      return slices.slice(0, 1);
    },
  }),
});
