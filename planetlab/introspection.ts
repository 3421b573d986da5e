/** What a server says of its own methods to whoever asks (xmlrpc-c, "Introspection"; PLC's API has it too). The answers are bare values, whatever the server puts around its own. */
import type { XmlRpcValue } from "./xml-rpc.ts";

/** Undefined: what is asked about is no method of the server's. */
export type Introspect = (params: readonly XmlRpcValue[]) => XmlRpcValue | undefined;

/** By method. `helps`: a line about each other one that there is. */
export function createIntrospection(helps: ReadonlyMap<string, string>): ReadonlyMap<string, Introspect> {
  const all = new Map([...helps, ...ownHelps]);
  const helpOf: Introspect = ([name]) => (typeof name === "string" ? all.get(name) : undefined);
  return new Map<string, Introspect>([
    ["system.listMethods", () => [...all.keys()].sort()],
    ["system.methodHelp", helpOf],
    ["system.methodSignature", (params) => (helpOf(params) === undefined ? undefined : "undef")],
  ]);
}

const ownHelps = [
  ["system.listMethods", "system.listMethods(): the names of all methods"],
  ["system.methodHelp", "system.methodHelp(name): a line about a method"],
  ["system.methodSignature", 'system.methodSignature(name): "undef", since arguments are told of in words alone'],
] as const;
