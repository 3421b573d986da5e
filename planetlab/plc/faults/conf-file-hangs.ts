import { z } from "zod";
import { plcFault } from "./contract.ts";

export const confFileHangs = plcFault({
  kind: "plc.conf-file-hangs",
  parameters: z.strictObject({ source: z.string().optional() }),
  begin({ source: wanted }, { hit }) {
    const { promise, resolve } = Promise.withResolvers<void>();
    return {
      holdConfFile(source) {
        if (wanted !== undefined && source !== wanted) return undefined;
        hit({ source });
        return promise;
      },
      end: resolve,
    };
  },
});
