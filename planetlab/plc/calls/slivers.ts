/** GetSlivers: all that the Node Manager of a node wants to know (PLC/Methods/GetSlivers.py). */
import type { XmlRpcValue } from "../../xml-rpc.ts";
import { confFilesFor, type Node } from "../data.ts";
import type { Asked } from "../disturbances.ts";
import { tell } from "../publish.ts";
import type { Told } from "../document.ts";
import type { Plc } from "../publish.ts";
import { nameIn } from "../told.ts";
import type { Dialect, ToldSlice } from "../told.ts";
import { interfacesOf } from "./nodes.ts";
import type { CallContext, PlcCall } from "./contract.ts";
import { PlcFault } from "./fault.ts";

type Struct = { readonly [member: string]: XmlRpcValue };

export const getSlivers: PlcCall = {
  method: "GetSlivers",
  help: "(auth, [node_id or hostname]): what the node that calls shall have, or another one",
  roles: ["node", "person"],
  params: [0, 1],
  answer(context) {
    const { database, disturbances } = context;
    const caller = calledFor(context);
    const node = database.node(disturbances.whose(caller.id)) ?? { ...caller, id: disturbances.whose(caller.id) };
    const asked = { what: "GetSlivers", node: caller.id };
    const told = tell(asked, node.id, context);
    return renamed(
      {
        timestamp: told.stamp.timestampSeconds,
        // Of ours: which of the documents says the same. Real Node Managers look at what they know.
        epoch: told.stamp.epoch,
        serial: told.stamp.serial,
        node_id: node.id,
        hostname: node.hostname,
        interfaces: interfacesOf(disturbances.node(node)),
        groups: node.groups,
        conf_files: confFilesOf(node, context),
        initscripts: [...initscriptsOf(context), ...paddingOf(told)],
        slivers: shaped(sliversOf(told), told.dialect),
        accounts: accountsOf(context, asked),
        xmpp: { server: null },
        hrn: `planetlab.${node.hostname}`,
        reservation_policy: "none",
        leases: null,
        lease_granularity: 600,
      },
      told.dialect,
    );
  },
};

const shaped = (slivers: readonly Struct[], { lists }: Dialect): XmlRpcValue =>
  lists === "list" ? slivers : Object.fromEntries(slivers.map((sliver, n) => [`sliver_${n + 1}`, sliver]));

/** By default the caller. Others' can be asked for by id or name. */
function calledFor({ caller, params: [wanted = null], database }: CallContext): Node {
  if (wanted === null) {
    if ("node" in caller) return caller.node;
    throw new PlcFault(102, "'node_id_or_hostname' not specified");
  }
  const node =
    typeof wanted === "number"
      ? database.node(wanted)
      : typeof wanted === "string"
        ? database.nodeNamed(wanted)
        : undefined;
  if (node === undefined) throw new PlcFault(102, "No such node");
  return node;
}

export function sliversOf({ slices, keys, dialect }: Told): readonly Struct[] {
  const linesOf = Map.groupBy(keys, ({ person }) => person);
  return slices.map((slice) =>
    renamed(
      {
        name: slice.name,
        slice_id: slice.id,
        instantiation: slice.instantiation,
        expires: dialect.expiry(slice.expiry),
        keys: slice.users
          .flatMap((user) => linesOf.get(user) ?? [])
          .map(({ value }) => ({ key_type: "ssh", key: value })),
        attributes: attributesOf(slice, dialect),
        GetSliceFamily: { pldistro: "planetlab", fcdistro: "f14", arch: "i386" },
      },
      dialect,
    ),
  );
}

/** What was the rspec in 2004 is in attributes of other names since (reference 1.2); values are text. */
function attributesOf({ rspec, attributes }: ToldSlice, dialect: Dialect): readonly Struct[] {
  const all = {
    ...Object.fromEntries(Object.entries(rspec).map(([name, value]) => [attributeNames.get(name) ?? name, value])),
    ...attributes,
  };
  return Object.entries(all).map(([name, value]) => {
    const told = dialect.resource(name, value);
    return renamed({ tagname: name, value: told === null ? null : String(told) }, dialect);
  });
}

const attributeNames = new Map([
  ["nm_cpu_share", "cpu_share"],
  ["nm_cpu_guaranteed_share", "cpu_pct"],
  ["nm_disk_quota", "disk_max"],
  ["nm_enabled", "enabled"],
  ["nm_net_min_rate", "net_min_rate"],
  ["nm_net_max_rate", "net_max_rate"],
  ["nm_net_share", "net_share"],
]);

export function initscriptsOf({ database }: Pick<Plc, "database">): readonly Struct[] {
  return database.data.initscripts.map(({ id, name, script }) => ({ initscript_id: id, name, enabled: true, script }));
}

function paddingOf({ padding }: Told): readonly Struct[] {
  if (padding === 0) return [];
  return [{ initscript_id: 2_147_483_647, name: "nobody", enabled: false, script: "#".repeat(padding) }];
}

function confFilesOf({ id }: Node, { database }: Pick<Plc, "database">): readonly Struct[] {
  return confFilesFor(database.data, id).map(({ id: confFileId, content: _content, nodes, ...rest }) => ({
    conf_file_id: confFileId,
    ...rest,
    node_ids: nodes,
    nodegroup_ids: [],
  }));
}

/** Who may log in at the node itself: its site's people, of whom none are told apart here, and the administrators. */
function accountsOf({ database, disturbances }: Plc, asked: Asked): readonly Struct[] {
  const admins = database.data.people.filter(({ admin }) => admin);
  const keys = admins
    .flatMap(({ id }) => database.keysOf(id))
    .map((key) => ({ key_type: "ssh", key: disturbances.key(key, asked) }));
  return [
    { name: "site_admin", keys: [] },
    { name: "root", keys },
  ];
}

function renamed(members: Struct, dialect: Dialect): Struct {
  return Object.fromEntries(Object.entries(members).map(([name, value]) => [nameIn(dialect, name), value]));
}
