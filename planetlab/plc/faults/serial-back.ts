import { z } from "zod";
import { plcFault } from "./contract.ts";

export const serialBack = plcFault({
  kind: "plc.serial-back",
  parameters: z.strictObject({ by: z.int().min(1).default(1), epoch: z.boolean().default(false) }),
  begin: ({ by, epoch }, { hit }) => ({
    stamp(stamp) {
      hit({ by });
      return epoch
        ? { ...stamp, epoch: Math.max(0, stamp.epoch - by) }
        : { ...stamp, serial: Math.max(0, stamp.serial - by) };
    },
  }),
});
