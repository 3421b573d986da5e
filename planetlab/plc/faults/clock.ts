import { z } from "zod";
import { plcFault } from "./contract.ts";

export const clock = plcFault({
  kind: "plc.clock",
  parameters: z.strictObject({ by: z.number().default(86_400_000) }),
  begin: ({ by }, { hit }) => ({
    wall(milliseconds) {
      hit({ by });
      return milliseconds + by;
    },
  }),
});
