/** GetSliceTicket: a slice as GetSlivers would tell it, signed, for its owner to carry to a node (PLC/Methods/GetSliceTicket.py). */
import { encodeReply } from "../../xml-rpc.ts";
import { signMessage } from "../openpgp.ts";
import { tell } from "../publish.ts";
import { openSigner } from "../signer.ts";
import type { PlcCall } from "./contract.ts";
import { PlcFault } from "./fault.ts";
import { initscriptsOf, sliversOf } from "./slivers.ts";

export const getSliceTicket: PlcCall = {
  method: "GetSliceTicket",
  help: "(auth, slice_id or name): the slice as GetSlivers tells it, signed",
  roles: ["person"],
  params: [1, 1],
  async answer(context) {
    const { caller, database, host, params } = context;
    const [wanted] = params;
    const slice = typeof wanted === "number" || typeof wanted === "string" ? database.slice(wanted) : undefined;
    if (slice === undefined) throw new PlcFault(102, "No such slice");
    if (!("person" in caller) || (!caller.person.admin && !slice.users.includes(caller.person.id)))
      throw new PlcFault(108, "Not a member of the specified slice");
    const told = tell({ what: "GetSliceTicket", node: undefined }, undefined, context);
    const one = { ...told, slices: told.slices.filter(({ id }) => id === slice.id) };
    const value = {
      timestamp: told.stamp.timestampSeconds,
      initscripts: initscriptsOf(context),
      slivers: sliversOf(one),
    };
    return signMessage(encodeReply({ value }), await openSigner(host), told.stamp.timestampSeconds);
  },
};
