/**
 * What the mock PlanetLab Central knows, as a seed file says it: sites, nodes, people and their keys, slices, conf files.
 */
import { z } from "zod";

const id = z.int().positive();
const word = z.string().max(200);

const site = z.strictObject({ id, name: word, login_base: word });

const interfaceShape = z.strictObject({
  id: id.optional(),
  mac: word,
  ip: word.default("192.0.2.1"),
  netmask: word.default("255.255.255.0"),
  gateway: word.nullable().default(null),
  method: z.enum(["static", "dhcp"]).default("dhcp"),
  bwlimit: z.int().nonnegative().nullable().default(null),
  is_primary: z.boolean().default(true),
  /** Interface tags: what GetInterfaceTags tells. */
  tags: z.record(z.string(), z.string()).default({}),
});

const node = z.strictObject({
  id,
  hostname: word,
  /** Of the HMAC that a node authenticates its calls with. */
  key: word,
  site: id.default(1),
  groups: z.array(word).default([]),
  interfaces: z.array(interfaceShape).default([]),
});

const person = z.strictObject({
  id,
  email: word,
  /** Of AuthMethod `password`; without one nobody can call in this person's name. */
  password: word.optional(),
  admin: z.boolean().default(false),
});

const slice = z.strictObject({
  id,
  name: word,
  /** Seconds since the Unix epoch. */
  expiry: z.int().nonnegative(),
  nodes: z.array(id).max(10_000),
  users: z.array(id).max(1000),
  rspec: z.record(z.string(), z.int()).default({}),
  instantiation: z
    .enum(["plc-instantiated", "delegated", "nm-controller", "not-instantiated"])
    .default("plc-instantiated"),
  /** Slice tags of the API; what the rspec says is there as well. */
  attributes: z.record(z.string(), z.string()).default({}),
});

/** A slice that was deleted: said as long as there are nodes that have not heard of it. */
const deletedSlice = z.strictObject({
  id,
  name: word,
  /** That of the first document without it. */
  serial: z.int().nonnegative(),
  nodes: z.array(id).max(10_000),
});

const key = z.strictObject({ person: id, value: z.string().max(16 * 1024 * 1024) });

const confFile = z.strictObject({
  id,
  /** Its path at PLC, such as PlanetLabConf/ntp.conf. */
  source: z.string().regex(/^PlanetLabConf\/[\w.-]{1,100}$/),
  dest: word,
  content: z.string().max(1024 * 1024),
  enabled: z.boolean().default(true),
  file_permissions: word.default("644"),
  file_owner: word.default("root"),
  file_group: word.default("root"),
  preinstall_cmd: word.default(""),
  postinstall_cmd: word.default(""),
  error_cmd: word.default(""),
  ignore_cmd_errors: z.boolean().default(false),
  always_update: z.boolean().default(false),
  /** For these alone; for all if there are none. */
  nodes: z.array(id).default([]),
});

const initscript = z.strictObject({ id, name: word, script: z.string().max(1024 * 1024) });

/** The form of the file of `--data`. */
export const dataSchema = z.strictObject({
  /** A publisher that has lost count begins a new epoch. */
  epoch: z.int().nonnegative().default(1),
  serial: z.int().nonnegative().default(1),
  sites: z.array(site).max(10_000).default([]),
  nodes: z.array(node).max(20_000).default([]),
  people: z.array(person).max(100_000).default([]),
  slices: z.array(slice).max(10_000),
  deleted: z.array(deletedSlice).max(10_000).default([]),
  keys: z.array(key).max(100_000).default([]),
  conf_files: z.array(confFile).max(1000).default([]),
  initscripts: z.array(initscript).max(1000).default([]),
});

/** Interfaces without a number get one. */
export function numberInterfaces(data: Data): Data {
  const taken = new Set(data.nodes.flatMap(({ interfaces }) => interfaces.flatMap(({ id: own }) => own ?? [])));
  let next = 1;
  const number = (): number => {
    while (taken.has(next)) next += 1;
    taken.add(next);
    return next;
  };
  return {
    ...data,
    nodes: data.nodes.map((each) => ({
      ...each,
      interfaces: each.interfaces.map((one) => ({ ...one, id: one.id ?? number() })),
    })),
  };
}

export type Data = z.output<typeof dataSchema>;
export type Site = Data["sites"][number];
export type Node = Data["nodes"][number];
export type Interface = Node["interfaces"][number];
export type Person = Data["people"][number];
export type Slice = Data["slices"][number];
export type ConfFile = Data["conf_files"][number];

/** Those that are for a node, be they enabled or not. */
export function confFilesFor({ conf_files: files }: Data, node: number): Data["conf_files"] {
  return files.filter(({ nodes }) => nodes.length === 0 || nodes.includes(node));
}
