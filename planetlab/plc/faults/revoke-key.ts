import { z } from "zod";
import { plcFault } from "./contract.ts";

export const revokeKey = plcFault({
  kind: "plc.revoke-key",
  parameters: z.strictObject({ person: z.int().min(1).default(1) }),
  begin({ person }, { hit, plc: { database } }) {
    if (database.revokeKeys(person)) hit({ person });
    return undefined;
  },
});
