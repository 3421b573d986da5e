/** GetSlivers and the published document say the same: whoever reads one reads the other. */
import { expect, test } from "vitest";
import { sliversOf } from "../plc/calls/slivers.ts";
import { toldData, versionedDocument } from "../plc/document.ts";
import { generateData } from "../plc/generate.ts";
import type { XmlRpcValue } from "../xml-rpc.ts";
import { readDocument, slicesOfNode } from "./document.ts";
import { createGuards } from "./guards.ts";
import { documentOf } from "./slivers-reply.ts";

const told = toldData(generateData({ slices: 3, keyBytes: 800, node: 42, nodes: 2 }), {
  timestampSeconds: 1_102_204_800,
  node: 42,
});
const slivers = sliversOf(told);
const reply = {
  timestamp: told.stamp.timestampSeconds,
  node_id: 42,
  slivers,
  conf_files: [{ source: "PlanetLabConf/a" }],
};

const read = (text: string) => readDocument({ bytes: Buffer.from(text), outcome: "ok" }, 2);
const wanted = (text: string) => slicesOfNode(read(text), { nodeId: 42, guards: createGuards([]), known: [] });
const first = (changes: Readonly<Record<string, XmlRpcValue>>) =>
  wanted(documentOf({ ...reply, slivers: [{ ...slivers[0], ...changes }, ...slivers.slice(1)] }));

const fieldsOf = (changes: Readonly<Record<string, XmlRpcValue>>) => {
  const { good, bad } = first(changes);
  return [good.map(({ name }) => name), bad.map(({ name }) => name)];
};
const cpu = (value: XmlRpcValue) => first({ attributes: [{ tagname: "cpu_share", value }] });

test("the same slices, with their keys and resources, and the same node and time", () => {
  expect(wanted(documentOf(reply))).toEqual(wanted(versionedDocument(told)));
  expect(wanted(documentOf(reply)).good).toHaveLength(3);
  expect(read(documentOf(reply))).toMatchObject({
    node: 42,
    timestamp: 1_102_204_800,
    confFiles: [{ source: "PlanetLabConf/a" }],
  });
});

test("its place in PLC's order is the document's, and where PLC tells none its time counts as that of each slice", () => {
  const { epoch, serial, timestampSeconds } = told.stamp;
  expect(read(documentOf({ ...reply, epoch, serial }))).toMatchObject({ epoch, serial, written: [] });
  expect(read(documentOf(reply))).toMatchObject({
    epoch: undefined,
    serial: undefined,
    written: [timestampSeconds, timestampSeconds, timestampSeconds],
  });
  expect(read(documentOf({ ...reply, timestamp: null })).written).toEqual([]);
});

test("what is nil, or of another type, is missing, and the slice is there all the same", () => {
  const others = ["princeton_slice002", "princeton_slice003"];
  expect(fieldsOf({ expires: null })).toEqual([others, ["princeton_slice001"]]);
  expect(fieldsOf({ slice_id: [101] })).toEqual([others, ["princeton_slice001"]]);
  expect(cpu("much").odd).toEqual([{ name: "princeton_slice001", field: "nm_cpu_share", value: "much" }]);
  expect(cpu("7").good[0]?.rspec).toEqual({ nm_cpu_share: 7 });
});

test("attributes that are no resources are left out", () => {
  expect(first({ attributes: [{ tagname: "initscript", value: "start" }] }).good[0]?.rspec).toEqual({});
});

test("a reply without a list of slivers is no list of slices", () => {
  expect(read(documentOf({ ...reply, slivers: null }))).toMatchObject({ root: "reply", slices: [] });
});
