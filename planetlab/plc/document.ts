/**
 * The slices documents that PLC publishes: the versioned one, and the one of 2004 (reference 1.2), which has neither version nor count nor end.
 */
import { createHash } from "node:crypto";
import { escapeXml } from "../xml.ts";
import type { Data } from "./data.ts";

/** `node` makes the document for one node: only its slices, and its number on the first element. */
export interface DocumentOptions {
  readonly timestampSeconds: number;
  readonly node: number | undefined;
}

const declaration = '<?xml version="1.0" encoding="utf-8"?>\n';

export function versionedDocument(data: Data, { timestampSeconds, node }: DocumentOptions): string {
  const slices = node === undefined ? data.slices : data.slices.filter((slice) => slice.nodes.includes(node));
  const people = new Set(slices.flatMap((slice) => slice.users));
  const keys = data.keys.filter((key) => people.has(key.person));
  const first = {
    format: "1.0",
    epoch: data.epoch,
    serial: data.serial,
    timestamp: timestampSeconds,
    count: slices.length,
    ...(node !== undefined && { node }),
  };
  const content = `${declaration}<slices${attributes(first)}>\n${slices.map((slice) => sliceElement(slice, "")).join("")}${keys.map(keyElement).join("")}`;
  // The digest stands at the end, so that it can be made while writing; it covers all bytes before its own element.
  const digest = `sha-256=${createHash("sha256").update(content).digest("hex")}`;
  return `${content}<end${attributes({ count: slices.length, digest })}/>\n</slices>\n`;
}

export function legacyDocument(data: Data, { timestampSeconds }: DocumentOptions): string {
  const timestamp = `    <timestamp${attributes({ value: timestampSeconds })}/>\n`;
  const slices = data.slices.map((slice) => sliceElement(slice, timestamp));
  return `${declaration}<planetlab_slices>\n${slices.join("")}${data.keys.map(keyElement).join("")}</planetlab_slices>\n`;
}

function sliceElement({ id, name, expiry, nodes, users, rspec }: Data["slices"][number], inside: string): string {
  const resources = Object.entries(rspec).map(
    ([resource, value]) => `<resource${attributes({ name: resource })}><value type="int">${value}</value></resource>`,
  );
  return [
    `  <slice${attributes({ id, name, expiry })}>\n`,
    inside,
    ...nodes.map((node) => `    <node${attributes({ id: node })}/>\n`),
    ...users.map((user) => `    <user${attributes({ person_id: user })}/>\n`),
    `    <rspec>${resources.join("")}</rspec>\n`,
    "  </slice>\n",
  ].join("");
}

function keyElement({ person, value }: Data["keys"][number]): string {
  return `  <key${attributes({ person_id: person, type: "ssh", value })}/>\n`;
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escapeXml(String(value))}"`)
    .join("");
}
