/** The endpoint of the API: one XML-RPC call in, its reply or its fault out. */
import { XmlRpcError, decodeCall, encodeReply, faultCodes, isStruct } from "../xml-rpc.ts";
import type { Call, XmlRpcValue } from "../xml-rpc.ts";
import { authenticate } from "./calls/authenticate.ts";
import type { Caller, PlcCall } from "./calls/contract.ts";
import { PlcFault } from "./calls/fault.ts";
import { calls } from "./calls/registry.ts";
import type { Plc } from "./publish.ts";

/** What was asked, as far as it could be read, and the text of the answer. */
export interface ApiAnswer {
  readonly method: string;
  readonly node: number | undefined;
  readonly fault: number | undefined;
  readonly text: string;
}

export async function answerCall(body: string, plc: Plc): Promise<ApiAnswer> {
  let method = "";
  let caller: Caller = { nobody: true };
  const told = (text: string, fault?: number): ApiAnswer => ({
    method,
    node: "node" in caller ? caller.node.id : undefined,
    fault,
    text,
  });
  const refused = (code: number, message: string): ApiAnswer => told(encodeReply({ fault: { code, message } }), code);
  try {
    const call = decodeCall(body);
    ({ method } = call);
    const found = calls.get(method);
    if (found === undefined) throw new PlcFault(100, method);
    const { auth, params } = split(call, found);
    caller = found.roles.includes("anybody") ? caller : authenticate(auth, params, plc.database);
    requireRole(found, caller);
    const value = await found.answer({ ...plc, caller, auth: isStruct(auth) ? auth : {}, params });
    return told(encodeReply({ value }));
  } catch (error) {
    // Its faults begin with the method's name, but where there is no such method.
    if (error instanceof PlcFault)
      return refused(error.code, error.code === 100 ? error.message : `${method}: ${error.message}`);
    if (error instanceof XmlRpcError) return refused(faultCodes.notWellFormed, error.message);
    throw error;
  }
}

/** Every call begins with who calls, but those that anybody may make: there it may be missing. */
function split(
  { params }: Call,
  { roles, params: [least, most] }: PlcCall,
): { readonly auth: XmlRpcValue | undefined; readonly params: readonly XmlRpcValue[] } {
  const isOpen = roles.includes("anybody") && !isStruct(params[0]);
  const auth = isOpen ? undefined : params[0];
  const others = isOpen ? params : params.slice(1);
  if (others.length < least || others.length > most || (auth === undefined && !isOpen)) {
    const first = isOpen ? 0 : 1;
    const expected = least === most ? String(first + least) : `${first + least}-${first + most}`;
    throw new PlcFault(101, `${expected} arguments, got ${params.length}`);
  }
  return { auth, params: others };
}

function requireRole({ method, roles }: PlcCall, caller: Caller): void {
  const may = roles.some((role) => role === "anybody" || role in caller);
  if (!may) throw new PlcFault(108, `Not allowed to call method ${method}`);
}
