/** Of nodes: their ids by MAC, interfaces, interface tags, groups. */
import { isStruct } from "../../xml-rpc.ts";
import type { XmlRpcValue } from "../../xml-rpc.ts";
import type { Interface, Node } from "../data.ts";
import type { Database } from "../database.ts";
import type { PlcCall } from "./contract.ts";
import { PlcFault } from "./fault.ts";

/**
 * What `getnodeid.php` of the boot server answers too: a node that has lost its id asks by the address that it can't lose. It may say its host name besides,
 * which counts if it says no MAC address, and of several nodes that are called so names the first.
 */
export const getNodeId: PlcCall = {
  method: "GetNodeID",
  help: "(mac, [hostname]): the id of the node that has the MAC address, or of that name if mac is nil",
  roles: ["anybody"],
  params: [1, 2],
  answer({ params: [mac = null, hostname = ""], database, disturbances }) {
    if (mac === null && typeof hostname === "string") {
      const named = database.nodeNamed(hostname);
      if (named === undefined) throw new PlcFault(102, `no node is called ${hostname.slice(0, 40)}`);
      return named.id;
    }
    if (typeof mac !== "string") throw new PlcFault(102, "mac: a string is expected");
    const id = nodeIdOf(mac, database, disturbances);
    if (id === undefined) throw new PlcFault(102, `no node has the MAC address ${mac.slice(0, 40)}`);
    return id;
  },
};

/** If several have it, the first one. */
export function nodeIdOf(
  mac: string,
  database: Database,
  disturbances: { nodes(nodes: readonly Node[], asked: { mac: string }): readonly Node[] },
): number | undefined {
  return disturbances.nodes(database.nodesWithMac(mac), { mac })[0]?.id;
}

export const getInterfaces: PlcCall = {
  method: "GetInterfaces",
  help: "(auth, [filter, [fields]]): interfaces of nodes",
  roles: ["node", "person"],
  params: [0, 2],
  answer: ({ params, database, disturbances }) =>
    select(
      database.data.nodes.flatMap((node) => interfacesOf(disturbances.node(node))),
      "interface_id",
      params,
    ),
};

export const getInterfaceTags: PlcCall = {
  method: "GetInterfaceTags",
  help: "(auth, [filter, [fields]]): tags of interfaces",
  roles: ["node", "person"],
  params: [0, 2],
  answer: ({ params, database }) =>
    select(
      database.data.nodes.flatMap((node) => node.interfaces.flatMap(tagsOf)),
      "interface_tag_id",
      params,
    ),
};

export const getNodeGroups: PlcCall = {
  method: "GetNodeGroups",
  help: "(auth, [filter, [fields]]): groups of nodes",
  roles: ["node", "person"],
  params: [0, 2],
  answer({ params, database }) {
    const { nodes } = database.data;
    const names = [...new Set(nodes.flatMap(({ groups }) => groups))];
    const groups = names.map((groupname, index) => ({
      nodegroup_id: index + 1,
      groupname,
      node_ids: nodes.filter(({ groups: of }) => of.includes(groupname)).map(({ id }) => id),
      conf_file_ids: [],
    }));
    return select(groups, "groupname", params);
  },
};

type Row = { readonly [member: string]: XmlRpcValue };

/** The rows that a filter of the API leaves (a key, a list of keys, or a struct of fields), with the fields that are asked for. */
function select(
  rows: readonly Row[],
  key: string,
  [filter = null, fields = null]: readonly XmlRpcValue[],
): readonly Row[] {
  const wanted: readonly (readonly [string, XmlRpcValue])[] =
    filter === null ? [] : isStruct(filter) ? Object.entries(filter) : [[key, filter]];
  const found = rows.filter((row) =>
    wanted.every(([name, value]) => (Array.isArray(value) ? value : [value]).includes(row[name] ?? null)),
  );
  if (!Array.isArray(fields)) return found;
  return found.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => fields.includes(name))));
}

/** As GetSlivers and GetInterfaces have them. */
export function interfacesOf(node: Node): readonly Row[] {
  return node.interfaces.map((each) => ({
    interface_id: each.id ?? 0,
    node_id: node.id,
    method: each.method,
    type: "ipv4",
    ip: each.ip,
    mac: each.mac,
    gateway: each.gateway,
    network: null,
    broadcast: null,
    netmask: each.netmask,
    dns1: null,
    dns2: null,
    bwlimit: each.bwlimit,
    hostname: null,
    is_primary: each.is_primary,
    interface_tag_ids: tagsOf(each).map((tag) => tag["interface_tag_id"] ?? null),
    last_updated: null,
  }));
}

function tagsOf(each: Interface): readonly Row[] {
  const interfaceId = each.id ?? 0;
  return Object.entries(each.tags).map(([tagname, value], n) => ({
    interface_tag_id: interfaceId * mostTags + n,
    interface_id: interfaceId,
    ip: each.ip,
    tagname,
    category: "interface",
    description: tagname,
    value,
  }));
}

const mostTags = 100;
