/** Who is who: AuthCheck and GetSession. */
import type { PlcCall } from "./contract.ts";
import { PlcFault } from "./fault.ts";

export const authCheck: PlcCall = {
  method: "AuthCheck",
  help: "(auth): 1",
  roles: ["node", "person"],
  params: [0, 0],
  answer: () => 1,
};

/** If its reply is lost, the node is left with the session that it had, which has ended: it must ask again by its key. */
export const getSession: PlcCall = {
  method: "GetSession",
  help: "(auth): a new session for the node that calls, which ends the one before",
  roles: ["node"],
  params: [0, 1],
  async answer({ caller, auth, database, host }) {
    if (typeof auth["session"] === "string") return auth["session"];
    if (!("node" in caller)) throw new PlcFault(108, "only nodes have sessions here");
    host.log("plc.session", { node: caller.node.id });
    return database.addSession(caller.node.id);
  },
};
