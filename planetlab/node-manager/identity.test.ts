/** Who a node takes itself for, and how it is let in, as a real PLC answers. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRealHost } from "../../host/real.ts";
import type { Data } from "../plc/data.ts";
import { generateData } from "../plc/generate.ts";
import { startPlc, type RunningPlc } from "../plc/plc.testing.ts";
import { createPlcApi } from "./api.ts";
import { readConfig } from "./config.ts";
import { createCredentials } from "./credentials.ts";
import { createDirectory } from "./directory.ts";
import { createDump } from "./dump.ts";
import { createIdentity } from "./identity.ts";
import { createRecord } from "./record.ts";

const data = generateData({ slices: 1, keyBytes: 400, node: 42, nodes: 2 });
const keyOf = (id: number): string => data.nodes.find((node) => node.id === id)?.key ?? "";
const never = new AbortController().signal;

let folder = "";
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "sinbin-identity-"))));
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The rooms of a Node Manager that know who it is, on a disk of its own. */
async function nodeAt(plc: RunningPlc, files: Readonly<Record<string, string>> = {}, ...args: readonly string[]) {
  const directory = await mkdtemp(join(folder, "node-"));
  for (const [name, content] of Object.entries(files)) await writeFile(join(directory, name), content);
  const events: { readonly event: string; readonly [field: string]: unknown }[] = [];
  const log = (event: string, fields: object = {}): void => void events.push({ event, ...fields });
  const host = createRealHost({ name: "node", directory, seed: 1, names: {}, log });
  const config = readConfig(["--plc", plc.url, "--mac", "02-16-00-00-00-2A", "--key", keyOf(42), ...args]);
  const dump = createDump(host, config);
  const api = createPlcApi(host, config, { directory: createDirectory(host, config, { log }), dump });
  const credentials = createCredentials(host, config, { log, api, nodeId: () => identity.nodeId() });
  const identity = createIdentity(host, config, { log, api, credentials });
  await identity.load();
  await credentials.load();
  const read = (name: string): Promise<string> => readFile(join(directory, name), "utf8");
  const told = (event: string) => events.filter((each) => each.event === event);
  return { identity, credentials, read, told, dumped: () => dump.since(0).lines };
}

const idFile = (id: number, mac = "02:16:00:00:00:2a"): string => `NODE_ID="${id}"\nNET_DEVICE="${mac}"\n`;

/** Both nodes with one key, as on machines that were cloned, and with what else is changed. */
const cloned = (interfaces: Data["nodes"][number]["interfaces"] = []): Data => ({
  ...data,
  nodes: data.nodes.map((node) => ({
    ...node,
    key: keyOf(42),
    interfaces: node.id === 42 ? node.interfaces : [...node.interfaces, ...interfaces],
  })),
});

describe("the id", () => {
  test("is asked for by MAC address, kept with it in one form, and found again", async () => {
    await using plc = await startPlc({ data });
    const node = await nodeAt(plc);
    expect(await node.identity.settle(never)).toBe(42);
    const called = node.dumped().map((line) => / (api .*) bytes=\d+$/.exec(line)?.[1]);
    expect(called.slice(0, 2)).toEqual(["api call method=GetNodeID", "api reply method=GetNodeID"]);
    expect(await node.read("node_id")).toBe(idFile(42));
    const next = await nodeAt(plc, { node_id: await node.read("node_id") });
    expect(next.identity.nodeId()).toBe(42);
  });

  test("of another machine is not used, but remembered: what PLC says instead is a renumbering", async () => {
    await using plc = await startPlc({ data });
    const node = await nodeAt(plc, { node_id: idFile(1000, "02:16:00:00:03:e8") });
    expect(node.identity.nodeId()).toBeUndefined();
    expect(await node.identity.settle(never)).toBe(42);
    expect(node.told("node.renumbered")).toMatchObject([{ from: 1000, to: 42 }]);
  });

  test("of a cloned machine, whose key PLC takes for both, is told by the address that two have", async () => {
    const [own] = data.nodes[0]?.interfaces ?? [];
    await using plc = await startPlc({ data: cloned(own === undefined ? [] : [{ ...own, id: 99 }]) });
    const node = await nodeAt(plc, { node_id: idFile(1000) });
    expect(await node.identity.settle(never)).toBe(1000);
    expect(node.identity.report()).toMatchObject({
      refused: "02:16:00:00:00:2a is the MAC address of nodes 42, 1000",
    });
  });

  test("that is new is not confirmed before three documents in a row agree, also across a restart", async () => {
    await using plc = await startPlc({ data });
    const before = await nodeAt(plc, { node_id: idFile(7) });
    await before.identity.settle(never);
    expect(await before.identity.confirm(["b", "a"])).toBe(false);
    expect(await before.identity.confirm(["a"])).toBe(false);
    const { identity, read, told } = await nodeAt(plc, { node_id: await before.read("node_id") });
    await identity.settle(never);
    const agreed = [];
    for (const list of [["a", "b"], ["b", "a"], ["a", "b"], []]) agreed.push(await identity.confirm(list));
    expect(agreed).toEqual([false, false, true, true]);
    expect(told("node.confirmed")).toHaveLength(1);
    expect(await read("node_id")).toBe(idFile(42));
  });

  test("that PLC cannot be asked for is told each time and counted by class, and the one that is known stays", async () => {
    const plc = await startPlc({ data });
    const node = await nodeAt(plc, { node_id: idFile(42) });
    await plc[Symbol.asyncDispose]();
    const record = createRecord({ monotonic: () => 0 });
    for (const _ of [1, 2]) expect(await node.identity.settle(never)).toBe(42);
    for (const { event, ...fields } of node.told("node.id-unasked")) record.hear(event, fields);
    expect(record.report()).toMatchObject({
      errors: { "identity refused": 2 },
      last_error: { kind: "identity refused" },
    });
  });

  test("that nobody knows is no id, and a failed fetch", async () => {
    await using plc = await startPlc({ data });
    const node = await nodeAt(plc, { node_id: "" }, "--mac", "02:16:00:00:00:00");
    await expect(node.identity.settle(never)).rejects.toMatchObject({ name: "FetchError", outcome: "denied" });
  });
});

describe("a session", () => {
  test("is had by the key, kept, and used again; what is no session is none", async () => {
    await using plc = await startPlc({ data });
    const node = await nodeAt(plc, { node_id: idFile(42), "session.json": '{"node_id":42' });
    expect(await node.credentials.call("AuthCheck", [], never)).toBe(1);
    const kept = await node.read("session.json");
    const next = await nodeAt(plc, { node_id: idFile(42), "session.json": kept });
    expect(await next.credentials.call("AuthCheck", [], never)).toBe(1);
    expect(next.told("session.renewed")).toEqual([]);
  });

  test("of the id that the node had before is not used under its new one", async () => {
    await using plc = await startPlc({ data: cloned() });
    const before = await nodeAt(plc, { node_id: idFile(42) });
    await before.credentials.call("AuthCheck", [], never);
    const files = { node_id: idFile(1000), "session.json": await before.read("session.json") };
    const node = await nodeAt(plc, files);
    expect(await node.credentials.call("GetSlivers", [], never)).toMatchObject({ node_id: 1000 });
  });

  test("is refused to whoever has another key, and that is a failed fetch", async () => {
    await using plc = await startPlc({ data });
    const node = await nodeAt(plc, { node_id: idFile(42) }, "--key", "another");
    await expect(node.credentials.call("GetSlivers", [], never)).rejects.toMatchObject({
      name: "FetchError",
      outcome: "denied",
    });
    expect(node.dumped().at(-1)).toContain(
      'api reply method=GetSession fault=103 why="GetSession: Failed to authenticate call: BootAuth: Call could not',
    );
  });

  test("is used although no disk takes it", async () => {
    await using plc = await startPlc({ data });
    const node = await nodeAt(plc, { node_id: idFile(42) }, "--session-file", "no-such-folder/session");
    expect(await node.credentials.call("AuthCheck", [], never)).toBe(1);
    expect(node.told("session.unkept")).toHaveLength(1);
  });
});
