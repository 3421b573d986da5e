/**
 * The slices documents that PLC publishes: the versioned one, and the one of 2004 (reference 1.2), which has neither version nor count nor end.
 */
import { digestOf } from "../digest.ts";
import { escapeXml } from "../xml.ts";
import type { Data } from "./data.ts";
import { nameIn, plainDialect } from "./told.ts";
import type { Dialect, Field, Stamp, ToldSlice } from "./told.ts";

export interface Told {
  readonly stamp: Stamp;
  readonly slices: readonly ToldSlice[];
  /** Those that are gone because they were deleted. */
  readonly deleted: readonly { readonly id: number; readonly name: string }[];
  readonly keys: Data["keys"];
  /** What the node shall have in its own files. */
  readonly confFiles: Data["conf_files"];
  readonly dialect: Dialect;
  /** Of the document for one node; undefined: it is for all. */
  readonly node: number | undefined;
  /** Bytes of keys of people whom nobody knows. */
  readonly padding: number;
}

const declaration = '<?xml version="1.0" encoding="utf-8"?>\n';

export function versionedDocument(told: Told): string {
  const { slices, keys, dialect, node } = told;
  const { epoch, serial, timestampSeconds: timestamp } = told.stamp;
  const people = new Set(slices.flatMap((slice) => slice.users));
  const first = {
    format: dialect.format ?? null,
    epoch,
    serial,
    timestamp,
    count: slices.length,
    node: node ?? null,
  };
  const content = [
    `${declaration}<${nameIn(dialect, "slices")}${attributes(dialect, first)}>\n`,
    ...slices.map((slice) => sliceElement(slice, "", dialect, { instantiation: slice.instantiation })),
    ...told.deleted.map(({ id, name }) => `  <deleted${attributes(dialect, { id, name })}/>\n`),
    ...keys.filter((key) => people.has(key.person)).map((key) => keyElement(key, dialect)),
    ...told.confFiles.map((file) => confFileElement(file, dialect)),
    strangersOf(told),
  ].join("");
  // The digest stands at the end, so that it can be made while writing; it covers all bytes before its own element.
  const digest = digestOf(content);
  const last = attributes(dialect, { count: slices.length, digest });
  return `${content}<${nameIn(dialect, "end")}${last}/>\n</${nameIn(dialect, "slices")}>\n`;
}

/** It has no word for a slice that has no sliver anywhere: such a one is not in it. */
export function legacyDocument(told: Told): string {
  const { keys, dialect, stamp } = told;
  const slices = told.slices.filter(({ instantiation }) => instantiation !== "not-instantiated");
  const timestamp = `    <timestamp${attributes(dialect, { value: stamp.timestampSeconds })}/>\n`;
  return [
    `${declaration}<planetlab_slices>\n`,
    ...slices.map((slice) => sliceElement(slice, timestamp, dialect)),
    ...keys.map((key) => keyElement(key, dialect)),
    strangersOf(told),
    "</planetlab_slices>\n",
  ].join("");
}

/** The data as they are, for documents of a PLC that has no faults. */
export function toldData(
  data: Data,
  options: { readonly timestampSeconds: number; readonly node: number | undefined },
): Told {
  const { timestampSeconds, node } = options;
  return {
    stamp: { epoch: data.epoch, serial: data.serial, timestampSeconds },
    slices: data.slices.filter(isOn(node)),
    deleted: data.deleted.filter(isOn(node)),
    keys: data.keys,
    confFiles: [],
    dialect: plainDialect,
    node,
    padding: 0,
  };
}

/** For the documents of one node; undefined: for all. */
export const isOn =
  (node: number | undefined) =>
  ({ nodes }: { readonly nodes: readonly number[] }): boolean =>
    node === undefined || nodes.includes(node);

function sliceElement(
  slice: ToldSlice,
  inside: string,
  dialect: Dialect,
  more: Readonly<Record<string, Field>> = {},
): string {
  const { id, name, nodes, users, rspec } = slice;
  const of = (values: Readonly<Record<string, Field>>): string => attributes(dialect, values);
  const named = (element: string): string => nameIn(dialect, element);
  const resources = Object.entries(rspec).map(([resource, value]) => {
    const told = dialect.resource(resource, value);
    return `<${named("resource")}${of({ name: resource })}><value type="int">${escapeXml(String(told ?? ""))}</value></${named("resource")}>`;
  });
  return [
    `  <${named("slice")}${of({ id, name, expiry: dialect.expiry(slice.expiry), ...more })}>\n`,
    inside,
    ...nodes.map((node) => `    <${named("node")}${of({ id: node })}/>\n`),
    ...users.map((user) => `    <${named("user")}${of({ person_id: user })}/>\n`),
    `    <rspec>${resources.join("")}</rspec>\n`,
    `  </${named("slice")}>\n`,
  ].join("");
}

function keyElement({ person, value }: Data["keys"][number], dialect: Dialect): string {
  return `  <${nameIn(dialect, "key")}${attributes(dialect, { person_id: person, type: "ssh", value })}/>\n`;
}

function confFileElement({ source, content }: Data["conf_files"][number], dialect: Dialect): string {
  const digest = digestOf(content);
  return `  <${nameIn(dialect, "conf_file")}${attributes(dialect, { source, digest })}/>\n`;
}

const strangerBytes = 1000;

function strangersOf({ padding, dialect }: Told): string {
  const key = { person: 2_147_483_647, value: `ssh-rsa ${"A".repeat(strangerBytes)} nobody@nowhere` };
  const element = keyElement(key, dialect);
  return element.repeat(Math.ceil(padding / element.length));
}

function attributes(dialect: Dialect, values: Readonly<Record<string, Field>>): string {
  return Object.entries(values)
    .map(([name, value]) => (value === null ? "" : ` ${nameIn(dialect, name)}="${escapeXml(String(value))}"`))
    .join("");
}
