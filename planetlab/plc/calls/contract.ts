/**
 * A call of the API: what it is called, who may call it, and what it answers. One file a call, or a few that belong together; one line in `registry.ts`.
 *
 *     XML-RPC ──► method, auth, params ──authenticate──► caller ──► answer ──► XML-RPC
 */
import type { XmlRpcValue } from "../../xml-rpc.ts";
import type { Node, Person } from "../data.ts";
import type { Plc } from "../publish.ts";

export type Caller = { readonly node: Node } | { readonly person: Person } | { readonly nobody: true };

export interface CallContext extends Plc {
  readonly caller: Caller;
  /** The first argument of the call. */
  readonly auth: { readonly [member: string]: XmlRpcValue };
  /** Those that follow it. */
  readonly params: readonly XmlRpcValue[];
}

export interface PlcCall {
  readonly method: string;
  /** Its arguments, and what it answers: a line behind its name. */
  readonly help: string;
  /** Who may; `anybody` needs no authentication. */
  readonly roles: readonly ("node" | "person" | "anybody")[];
  /** How many arguments may follow the first. */
  readonly params: readonly [number, number];
  /** @throws {PlcFault} */
  answer(context: CallContext): XmlRpcValue | Promise<XmlRpcValue>;
}
