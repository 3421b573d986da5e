/**
 * Who calls: the first argument of every call says it (PLC/Auth.py).
 *
 *     { AuthMethod: session, session }            a node that has called GetSession
 *     { AuthMethod: hmac, node_id, value }        a node, by its key
 *     { AuthMethod: password, Username, AuthString }
 *     { AuthMethod: anonymous }
 */
import { timingSafeEqual } from "node:crypto";
import { hmacOf } from "../../hmac.ts";
import { isStruct } from "../../xml-rpc.ts";
import type { XmlRpcValue } from "../../xml-rpc.ts";
import type { Database } from "../database.ts";
import type { Caller } from "./contract.ts";
import { PlcFault } from "./fault.ts";

type Auth = { readonly [member: string]: XmlRpcValue };
type Authenticate = (auth: Auth, params: readonly XmlRpcValue[], database: Database) => Caller;

/** @throws {PlcFault} */
export function authenticate(
  auth: XmlRpcValue | undefined,
  params: readonly XmlRpcValue[],
  database: Database,
): Caller {
  if (!isStruct(auth)) throw new PlcFault(102, "auth: expected struct");
  const method = auth["AuthMethod"];
  const found = typeof method === "string" ? methods.get(method) : undefined;
  if (found === undefined) throw new PlcFault(102, `AuthMethod: must be one of ${[...methods.keys()].join(", ")}`);
  return found(auth, params, database);
}

const methods = new Map<string, Authenticate>([
  [
    "session",
    ({ session }, _params, database) => {
      const node = typeof session === "string" ? database.nodeOfSession(session) : undefined;
      if (node === undefined) throw new PlcFault(103, "SessionAuth: No such session");
      return { node };
    },
  ],
  [
    "hmac",
    ({ node_id: id, value }, params, database) => {
      const node = typeof id === "number" ? database.node(id) : undefined;
      if (node === undefined) throw new PlcFault(103, "BootAuth: No such node");
      if (typeof value !== "string" || !isEqual(value, hmacOf(node, params)))
        throw new PlcFault(103, "BootAuth: Call could not be authenticated");
      return { node };
    },
  ],
  [
    "password",
    ({ Username: email, AuthString: password }, _params, database) => {
      const person = typeof email === "string" ? database.person(email) : undefined;
      const known = person?.password;
      if (person === undefined || known === undefined || typeof password !== "string" || !isEqual(password, known))
        throw new PlcFault(103, "PasswordAuth: Incorrect username or password");
      return { person };
    },
  ],
  ["anonymous", () => ({ nobody: true })],
]);

function isEqual(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
