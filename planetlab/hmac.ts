/** How a node says that a call is its own without any session: by a digest of what it asks, under the key that it shares with PLC (reference 1.3). */
import { createHmac } from "node:crypto";
import { isStruct, type XmlRpcValue } from "./xml-rpc.ts";

/** Neither the method nor a time is in it: for calls without arguments it is a constant (reference 1.3). */
export function hmacOf({ key }: { readonly key: string }, params: readonly XmlRpcValue[]): string {
  const leaves = leavesOf(params).sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
  return createHmac("sha1", key)
    .update(`[${leaves.join("")}]`)
    .digest("hex");
}

/** All values that are no lists or structs, as Python writes them; names of members don't count. */
function leavesOf(values: readonly XmlRpcValue[]): string[] {
  return values.flatMap((value) => {
    if (Array.isArray(value)) return leavesOf(value as readonly XmlRpcValue[]);
    if (isStruct(value)) return leavesOf(Object.values(value));
    if (value === null) return ["None"];
    if (typeof value === "boolean") return [value ? "True" : "False"];
    if (value instanceof Uint8Array) return [Buffer.from(value).toString("base64")];
    return typeof value === "string" || typeof value === "number" ? [String(value)] : [];
  });
}
