/** GetSlicesMD5: what lies beside the list of 2004 (PLC/Methods/GetSlicesMD5.py). */
import { publish, sumPath } from "../publish.ts";
import type { PlcCall } from "./contract.ts";

export const getSlicesMd5: PlcCall = {
  method: "GetSlicesMD5",
  help: "(auth): the MD5 sum of slices-0.5.xml",
  roles: ["node", "person"],
  params: [0, 0],
  answer: (context) => publish(sumPath, undefined, context).trim(),
};
