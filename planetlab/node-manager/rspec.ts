/** What clients ask for: amounts of resources, by their names. */
import { isStruct, type XmlRpcValue } from "../xml-rpc.ts";
import { ResourceError } from "./resources.ts";

/** Those of the Node Manager of 2004 (its config.py). Only of the CPU is there a capacity to share out. */
const names: ReadonlySet<string> = new Set([
  "nm_cpu_share",
  "nm_cpu_guaranteed_share",
  "nm_disk_quota",
  "nm_enabled",
  "nm_net_min_rate",
  "nm_net_max_rate",
  "nm_net_exempt_min_rate",
  "nm_net_exempt_max_rate",
  "nm_net_share",
]);

/** A name that nobody knows is most likely a misspelt one, or of another version: granted in silence, it would be missed much later. @throws {ResourceError} */
export function readRspec(value: XmlRpcValue): Readonly<Record<string, number>> {
  const entries = isStruct(value) ? Object.entries(value) : [["", undefined] as const];
  const amounts = entries.filter((entry): entry is [string, number] => Number.isInteger(entry[1]));
  if (amounts.length < entries.length) throw new ResourceError("badRequest", "an rspec is a struct of integers");
  const unknown = amounts.map(([name]) => name).find((name) => !names.has(name));
  if (unknown === undefined) return Object.fromEntries(amounts);
  const known = [...names].join(", ");
  throw new ResourceError(
    "unknownResource",
    `there is no resource ${unknown.slice(0, 40)}: those that are known are ${known}`,
  );
}
