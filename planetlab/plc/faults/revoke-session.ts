import { z } from "zod";
import { plcFault } from "./contract.ts";

export const revokeSession = plcFault({
  kind: "plc.revoke-session",
  parameters: z.strictObject({ node: z.int().optional() }),
  begin({ node }, { hit, plc: { database } }) {
    if (database.revokeSessions(node)) hit();
    return undefined;
  },
});
