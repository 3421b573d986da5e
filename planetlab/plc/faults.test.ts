/** Each fault of PLC's own over real sockets: what a client gets while it lasts, and that all is well again behind it. */
import { readFile } from "node:fs/promises";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { childrenNamed, readXml } from "../xml.ts";
import type { XmlElement } from "../xml.ts";
import { decodeReply, encodeCall, isStruct } from "../xml-rpc.ts";
import type { XmlRpcValue } from "../xml-rpc.ts";
import { hmacOf } from "../hmac.ts";
import { plcFaults } from "./faults/registry.ts";
import { generateData } from "./generate.ts";
import { startPlc } from "./plc.testing.ts";
import type { RunningPlc } from "./plc.testing.ts";

const data = generateData({ slices: 4, keyBytes: 400, node: 42, nodes: 2 });

async function documentOf({ url }: RunningPlc, node = 42): Promise<XmlElement> {
  const text = await (await fetch(`${url}/xml/slices.xml?node=${node}`)).text();
  const root = readXml(text);
  const end = root?.children.at(-1);
  const digest = createHash("sha256")
    .update(text.slice(0, text.lastIndexOf("<end ")))
    .digest("hex");
  expect(end?.attributes.get("digest")).toBe(`sha-256=${digest}`);
  return root ?? { name: "", attributes: new Map(), children: [], text: "" };
}

async function sliversOf({ url }: RunningPlc, node = 42): Promise<{ readonly [member: string]: XmlRpcValue }> {
  const key = data.nodes.find(({ id }) => id === node)?.key ?? "";
  const auth = { AuthMethod: "hmac", node_id: node, value: hmacOf({ key }, []) };
  const body = encodeCall({ method: "GetSlivers", params: [auth] });
  const reply = decodeReply(await (await fetch(`${url}/PLCAPI/`, { method: "POST", body })).text());
  return "value" in reply && isStruct(reply.value) ? reply.value : {};
}

const names = (root: XmlElement): readonly (string | undefined)[] =>
  childrenNamed(root, "slice").map((slice) => slice.attributes.get("name"));

const countSlivers = async (plc: RunningPlc) => ((await sliversOf(plc))["slivers"] as readonly XmlRpcValue[]).length;

const firstExpiry = async (plc: RunningPlc) =>
  ((await sliversOf(plc))["slivers"] as readonly { readonly expires: XmlRpcValue }[])[0]?.expires;

const rootOf = async (plc: RunningPlc): Promise<string> => (await documentOf(plc)).name;
const formOf = async (plc: RunningPlc) => {
  const root = await documentOf(plc);
  return { format: root.attributes.get("format"), elements: [...new Set(root.children.map(({ name }) => name))] };
};

const placeOf = async (plc: RunningPlc) => {
  const { attributes } = await documentOf(plc);
  return [attributes.get("epoch"), attributes.get("serial")];
};

const tellsOfWhom = async (plc: RunningPlc) => [
  (await documentOf(plc)).attributes.get("node"),
  (await sliversOf(plc))["node_id"],
];

const lengthOf = async (plc: RunningPlc) => (await (await fetch(`${plc.url}/xml/slices.xml?node=42`)).text()).length;

const endOf = async (plc: RunningPlc) => {
  const reply = await fetch(`${plc.url}/xml/slices.xml?node=42`);
  const bytes = Buffer.from(await reply.arrayBuffer());
  return { stated: Number(reply.headers.get("content-length")) === bytes.length, end: bytes.includes("</slices>") };
};

/** What is seen while it lasts; behind it everything is as it was. */
async function during<Seen>(
  fault: string,
  parameters: object,
  look: (plc: RunningPlc) => Promise<Seen>,
): Promise<{ readonly before: Seen; readonly seen: Seen; readonly hits: number }> {
  await using plc = await startPlc({ data });
  const before = await look(plc);
  const lift = await plc.inject(fault, parameters);
  const seen = await look(plc);
  const hits = plc.hits();
  await lift();
  expect(await look(plc)).toEqual(before);
  expect(plc.hits()).toBe(hits);
  return { before, seen, hits };
}

test("every fault of the subject file is here, with these parameters and no others", async () => {
  const { parse } = await import("yaml");
  const text = await readFile(join(import.meta.dirname, "subject.yaml"), "utf8");
  const { faults } = parse(text) as { readonly faults: Readonly<Record<string, { readonly parameters?: object }>> };
  const declared = Object.entries(faults).map(([name, { parameters = {} }]) => [
    `plc.${name}`,
    Object.keys(parameters),
  ]);
  const here = [...plcFaults].map(([kind, { parameters }]) => [kind, Object.keys(parameters.shape)]);
  expect(declared).toEqual(here);
});

describe("slices", () => {
  test("vanish, all of them or a part, and the document is right otherwise", async () => {
    const all = await during("plc.vanish", {}, async (plc) => names(await documentOf(plc)));
    expect(all).toMatchObject({ seen: [], hits: 1 });
    const half = await during("plc.vanish", { share: 0.5 }, async (plc) => names(await documentOf(plc)));
    expect(half.seen).toHaveLength(2);
    expect(half.before).toEqual(expect.arrayContaining([...half.seen]));
    const other = await during("plc.vanish", { node: 1000 }, async (plc) => names(await documentOf(plc)));
    expect(other).toMatchObject({ seen: other.before, hits: 0 });
  });

  test("are the first entry only, in the API as well", async () => {
    expect(await during("plc.first-entry-only", {}, countSlivers)).toEqual({ before: 4, seen: 1, hits: 1 });
  });

  test.each([
    ["plc.bad-slice", { field: "expiry" }, "expiry", "never"],
    ["plc.bad-slice", { field: "name", slice: "princeton_slice001" }, "name", "../princeton_slice001"],
    ["plc.nil-field", { value: "nil" }, "expiry", undefined],
    ["plc.nil-field", { field: "id", value: "empty" }, "id", ""],
    ["plc.nil-field", { value: "overflow" }, "expiry", "2147483648"],
  ])("%s %j: one has %s %s, and the others are as they were", async (fault, parameters, field, value) => {
    const look = async (plc: RunningPlc) =>
      childrenNamed(await documentOf(plc), "slice").map(({ attributes }) => attributes.get(field));
    const { before, seen, hits } = await during(fault, parameters, look);
    expect(seen).toEqual([value, ...before.slice(1)]);
    expect(hits).toBe(1);
  });

  test("have nil where the API has no value", async () => {
    expect((await during("plc.nil-field", {}, firstExpiry)).seen).toBeNull();
  });
});

describe("the format", () => {
  const slices = ["slice", "key", "conf_file", "end"];

  test.each([
    ["newer-major", "2.0", slices],
    ["newer-minor", "1.9", slices],
    ["older-major", "0.4", slices],
    ["unversioned", undefined, slices],
    ["renamed-element", "1.0", ["sliver", "key", "conf_file", "end"]],
    ["renamed-root", "1.0", slices],
  ])("is %s", async (change, format, elements) => {
    expect((await during("plc.format", { change }, formOf)).seen).toEqual({ format, elements });
  });

  test("is of a document of another name", async () => {
    const told = await during("plc.format", { change: "renamed-root" }, rootOf);
    expect(told).toMatchObject({ before: "slices", seen: "slivers" });
  });

  test.each([
    ["renamed-field", { networks: 1 }, "expiry", undefined],
    ["other-type", { interfaces: 1 }, "expiry", "2038-01-19 03:14:07"],
    ["other-unit", { interfaces: 1 }, "expiry", "2147483647000"],
  ])("is %s", async (change, members, attribute, value) => {
    await using plc = await startPlc({ data });
    await plc.inject("plc.format", { change });
    const [slice] = childrenNamed(await documentOf(plc), "slice");
    expect(slice?.attributes.get(attribute)).toBe(value);
    expect(Object.keys(await sliversOf(plc))).toEqual(expect.arrayContaining(Object.keys(members)));
  });
});

test("the API's slivers are a struct, and no list", async () => {
  await using plc = await startPlc({ data });
  const before = await sliversOf(plc);
  await plc.inject("plc.format", { change: "other-shape" });
  expect(Object.values((await sliversOf(plc))["slivers"] ?? {})).toEqual(before["slivers"]);
  expect(Array.isArray((await sliversOf(plc))["slivers"])).toBe(false);
});

test("the serial goes back, or the epoch", async () => {
  expect((await during("plc.serial-back", { by: 1 }, placeOf)).seen).toEqual(["1", "0"]);
  expect((await during("plc.serial-back", { by: 1, epoch: true }, placeOf)).seen).toEqual(["0", "1"]);
});

test("the clock is off in documents, in the API and in Date", async () => {
  await using plc = await startPlc({ data });
  const day = 86_400;
  const look = async () => {
    const date = Date.parse((await fetch(`${plc.url}/xml/slices.xml`)).headers.get("date") ?? "") / 1000;
    const stamp = Number((await documentOf(plc)).attributes.get("timestamp"));
    return [date, stamp, Number((await sliversOf(plc))["timestamp"])];
  };
  const before = await look();
  await plc.inject("plc.clock", { by: 7 * day * 1000 });
  for (const [index, seconds] of (await look()).entries())
    expect(seconds - (before[index] ?? 0)).toBeGreaterThanOrEqual(7 * day);
});

test("a revoked key is gone for good, and the list has the next serial", async () => {
  await using plc = await startPlc({ data });
  const keys = async () => childrenNamed(await documentOf(plc), "key").map((key) => key.attributes.get("person_id"));
  expect(new Set(await keys())).toEqual(new Set(["1", "2", "3", "4"]));
  const lift = await plc.inject("plc.revoke-key", { person: 2 });
  await lift();
  expect(new Set(await keys())).toEqual(new Set(["1", "3", "4"]));
  expect(await placeOf(plc)).toEqual(["1", "2"]);
  expect(plc.hits()).toBe(1);
});

test("a node is told what is another's", async () => {
  expect((await during("plc.wrong-node", { node: 42 }, tellsOfWhom)).seen).toEqual(["1000", 1000]);
  expect((await during("plc.wrong-node", { other: 7 }, tellsOfWhom)).seen).toEqual(["7", 7]);
  expect((await during("plc.wrong-node", { node: 9 }, tellsOfWhom)).seen).toEqual(["42", 42]);
});

test("whoever asks for an id by a MAC that two nodes have gets that of the other", async () => {
  const mac = data.nodes[0]?.interfaces[0]?.mac ?? "";
  const look = async (plc: RunningPlc) => {
    const [told] = (await sliversOf(plc, 1000))["interfaces"] as readonly { readonly mac: string }[];
    return [await (await fetch(`${plc.url}/boot/getnodeid.php?mac_addr=${mac}`)).text(), told?.mac];
  };
  const { before, seen, hits } = await during("plc.duplicate-mac", { node: 42, other: 1000 }, look);
  expect(before[0]).toBe("42");
  expect(seen).toEqual(["1000", mac]);
  expect(hits).toBe(2);
});

test("a node that was entered anew has its MAC under the new id, and nothing under the old one", async () => {
  const mac = data.nodes[0]?.interfaces[0]?.mac ?? "";
  const look = async (plc: RunningPlc) => {
    const [old, anew] = await Promise.all([42, 1000].map(async (id) => (await sliversOf(plc, id))["interfaces"]));
    const id = await (await fetch(`${plc.url}/boot/getnodeid.php?mac_addr=${mac}`)).text();
    return { id, old, anew, slices: names(await documentOf(plc)).length };
  };
  const { before, seen, hits } = await during("plc.renumber", { node: 42, to: 1000 }, look);
  expect(before).toMatchObject({ id: "42", slices: 4 });
  expect(seen).toMatchObject({ id: "1000", old: [], anew: [{ mac, node_id: 1000 }], slices: 0 });
  expect(hits).toBe(3);
});

test("a MAC that PLC was not told is nobody's", async () => {
  const mac = data.nodes[0]?.interfaces[0]?.mac ?? "";
  const look = async (plc: RunningPlc) => [
    await (await fetch(`${plc.url}/boot/getnodeid.php?mac_addr=${mac}`)).text(),
    ((await sliversOf(plc))["interfaces"] as readonly XmlRpcValue[]).length,
  ];
  const { before, seen, hits } = await during("plc.unknown-mac", { node: 42 }, look);
  expect([before, seen]).toEqual([
    ["42", 1],
    ["-1", 0],
  ]);
  expect(hits).toBe(2);
});

test("a big reply is whole, or cut with a length that says so", async () => {
  expect((await during("plc.big-reply", { size: 1_000_000 }, lengthOf)).seen).toBeGreaterThan(1_000_000);
  expect((await during("plc.big-reply", { size: 1_000_000, limit: 65_536 }, lengthOf)).seen).toBe(65_536);
  await using plc = await startPlc({ data });
  await plc.inject("plc.big-reply", { size: 100_000 });
  expect(childrenNamed(await documentOf(plc), "key").length).toBeGreaterThan(50);
  expect(JSON.stringify(await sliversOf(plc)).length).toBeGreaterThan(100_000);
});

test("Content-Length counts characters, and so the end is missing", async () => {
  const { before, seen, hits } = await during("plc.content-length-in-characters", { accents: 50 }, endOf);
  expect(before).toEqual({ stated: true, end: true });
  expect(seen).toEqual({ stated: true, end: false });
  expect(hits).toBe(1);
});

test("a conf file hangs until the fault is lifted", async () => {
  await using plc = await startPlc({ data });
  const ask = async (): Promise<string> => (await fetch(`${plc.url}/PlanetLabConf/ntp.conf?node_id=42`)).text();
  const lift = await plc.inject("plc.conf-file-hangs", { source: "PlanetLabConf/ntp.conf" });
  let come = false;
  const hanging = ask().finally(() => (come = true));
  // What comes later is answered at once meanwhile, again and again.
  while (plc.hits() === 0) await documentOf(plc);
  await documentOf(plc);
  expect(come).toBe(false);
  await lift();
  expect(await hanging).toBe("server ntp.plc.test\n");
});

test.each([
  ["no.such-fault", {}, "there is no no.such-fault here"],
  ["plc.vanish", { share: 3 }, "share"],
  ["plc.vanish", { slices: 3 }, "slices"],
])("%s %j is refused", async (fault, parameters, why) => {
  await using plc = await startPlc({ data });
  await expect(plc.inject(fault, parameters)).rejects.toThrow(why);
  const wrong = await fetch(plc.control, { method: "POST", body: "{" });
  expect(wrong.status).toBe(400);
  const unreadable = await fetch(plc.control, { method: "POST", body: '{ "id": 5 }' });
  expect([unreadable.status, await unreadable.text()]).toEqual([
    400,
    "write { inject: { id, fault, parameters } } or { lift: ID }",
  ]);
  expect((await fetch(plc.control)).status).toBe(404);
});
