/**
 * What GetSlivers answers, as the document that PLC would publish: so everything that comes after a fetch is the same, whichever way PLC was asked.
 *
 *     GetSlivers ──► { node_id, timestamp, slivers: [{ name, slice_id, expires, keys, attributes }], conf_files } ──► <slices><slice>…</slice> <key/> <end/></slices>
 *
 * Its place in PLC's order is that of the document, where PLC tells it (`epoch`, `serial`). A real PLC does not; what it tells is the time, and that is then the
 * time at which each slice was written, as in the document of 2004.
 *
 * What is nil, or of a type that it can't be, is left out, and is missing to whoever reads the document.
 */
import { escapeXml } from "../xml.ts";
import { isStruct, type XmlRpcValue } from "../xml-rpc.ts";

type Struct = { readonly [member: string]: XmlRpcValue };

/** The reply as a whole is not versioned; these members are what the Node Manager knows. */
export function documentOf(reply: XmlRpcValue): string {
  if (!isStruct(reply) || !Array.isArray(reply["slivers"])) return "<reply/>\n";
  const { node_id: node = null, timestamp = null, epoch = null, serial = null } = reply;
  const slivers = listOf(reply["slivers"]);
  const written = isText(epoch) && isText(serial) ? null : timestamp;
  const first = attributes({ format: "1.0", epoch, serial, timestamp, count: slivers.length, node });
  return [
    `<slices${first}>\n`,
    ...slivers.map((sliver, index) => sliceElement(sliver, { node, written, person: index + 1 })),
    ...slivers.flatMap((sliver, index) => keyElements(sliver, index + 1)),
    ...listOf(reply["conf_files"]).map(({ source = null }) => `  <conf_file${attributes({ source })}/>\n`),
    `<end${attributes({ count: slivers.length })}/>\n</slices>\n`,
  ].join("");
}

interface Place {
  readonly node: XmlRpcValue;
  readonly written: XmlRpcValue;
  /** Whose keys the slice has: the reply names keys by slice, the document by person. */
  readonly person: number;
}

function sliceElement(sliver: Struct, { node, written, person }: Place): string {
  const { name = null, slice_id: id = null, expires: expiry = null, instantiation = null } = sliver;
  const resources = listOf(sliver["attributes"]).flatMap(resourceOf).join("");
  return [
    `  <slice${attributes({ id, name, expiry, instantiation })}>\n`,
    isText(written) ? `    <timestamp${attributes({ value: written })}/>\n` : "",
    `    <node${attributes({ id: node })}/>\n    <user${attributes({ person_id: person })}/>\n`,
    `    <rspec>${resources}</rspec>\n  </slice>\n`,
  ].join("");
}

/** What was the rspec in 2004 has other names in the API since, and values of text (reference 1.2). Attributes that the node has no use for stay outside. */
function resourceOf({ tagname, value }: Struct): readonly string[] {
  const resource = typeof tagname === "string" ? resourceNames.get(tagname) : undefined;
  if (resource === undefined) return [];
  const told = isText(value) ? escapeXml(String(value)) : "";
  return [`<resource${attributes({ name: resource })}><value type="int">${told}</value></resource>`];
}

const resourceNames = new Map([
  ["cpu_share", "nm_cpu_share"],
  ["cpu_pct", "nm_cpu_guaranteed_share"],
  ["disk_max", "nm_disk_quota"],
  ["enabled", "nm_enabled"],
  ["net_min_rate", "nm_net_min_rate"],
  ["net_max_rate", "nm_net_max_rate"],
  ["net_share", "nm_net_share"],
]);

function keyElements(sliver: Struct, person: number): readonly string[] {
  return listOf(sliver["keys"]).map(
    ({ key_type: type = null, key: value = null }) => `  <key${attributes({ person_id: person, type, value })}/>\n`,
  );
}

const listOf = (value: XmlRpcValue | undefined): readonly Struct[] =>
  Array.isArray(value) ? (value as readonly XmlRpcValue[]).filter(isStruct) : [];

const isText = (value: XmlRpcValue | undefined): value is string | number =>
  typeof value === "string" || typeof value === "number";

function attributes(values: Struct): string {
  return Object.entries(values)
    .map(([name, value]) => (isText(value) ? ` ${name}="${escapeXml(String(value))}"` : ""))
    .join("");
}
