/** The Node Manager's Unix domain socket, which services on the node use. */
import { once } from "node:events";
import { access, mkdir } from "node:fs/promises";
import { request, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { join, relative } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { decodeReply, encodeCall, type Reply } from "../xml-rpc.ts";
import {
  call,
  isThere,
  last,
  nextFolder,
  prepare,
  start,
  startNode,
  startPlc,
  type Program,
} from "../programs.testing.ts";

prepare();

const standard = "node-manager.sock";
const pathOf = (node: Program, name = standard): string => relative(process.cwd(), join(node.directory, name));

async function askAt(socketPath: string, method: string): Promise<Reply> {
  const asking = request({ socketPath, method: "POST" }).end(encodeCall({ method, params: [] }));
  const [reply] = (await once(asking, "response")) as [IncomingMessage];
  return decodeReply(await text(reply));
}

const alive = { value: [0, { loop_age_ms: expect.any(Number) }] };

test("answers as the port does, turns visitors away as well, is there again after kill -9, and gone in the end", async () => {
  await using plc = await startPlc("--slices", "1");
  const args = ["--rpc-deadline", "300ms"];
  const first = await startNode(plc.address, args);
  expect(await askAt(pathOf(first), "ping")).toMatchObject(alive);
  const silent = connect(pathOf(first)).on("error", () => undefined);
  await first.see("rpc.visitor", { from: "here", why: "its head took longer than 300 ms" });
  silent.destroy();
  first.signal("SIGKILL");
  await first.exited;
  expect(await isThere(join(first.directory, standard))).toBe(true);
  const node = await startNode(plc.address, args, first.directory);
  expect(await askAt(pathOf(node), "ping")).toMatchObject(alive);
  node.signal("SIGTERM");
  await node.exited;
  expect(await isThere(join(node.directory, standard))).toBe(false);
});

test("is where it is told to be, or nowhere", async () => {
  await using plc = await startPlc("--slices", "1");
  await using there = await startNode(plc.address, ["--socket", "rpc.sock"]);
  expect(await askAt(pathOf(there, "rpc.sock"), "ping")).toMatchObject(alive);
  await using without = await startNode(plc.address, ["--socket", ""]);
  for (const node of [there, without]) await expect(access(join(node.directory, standard))).rejects.toThrow("ENOENT");
});

test("that of a living one is not taken: without it there is the port, and whoever has asked for it hears why it is not there", async () => {
  await using plc = await startPlc("--slices", "1");
  await using first = await startNode(plc.address, []);
  const others = ["--listen", "813", "--slicestat", "3101", "--state", "other.json", "--log", "other.log"];
  await using second = await startNode(plc.address, others, first.directory);
  expect(last(second, "rpc.no-socket")).toMatchObject({ path: standard, why: expect.stringContaining("EADDRINUSE") });
  expect(await call(second, "ping")).toMatchObject([0, { loop_age_ms: expect.any(Number) }]);
  expect(await askAt(pathOf(first), "ping")).toMatchObject(alive);
  const asked = ["--socket", standard, "--state", "third.json"];
  await using third = await start("node-manager/main.ts", asked, {}, first.directory);
  expect(await third.exited).toMatchObject({ code: 1 });
  expect(last(third, "listen.failed")).toMatchObject({ why: expect.stringContaining("EADDRINUSE") });
});

test("a directory so deep that the kernel does not take its name has one all the same", async () => {
  await using plc = await startPlc("--slices", "1");
  const deep = join(nextFolder(), "deep".repeat(30));
  await mkdir(deep, { recursive: true });
  await using node = await startNode(plc.address, [], deep);
  expect(last(node, "rpc.no-socket")).toBeUndefined();
  expect(await isThere(join(deep, standard))).toBe(true);
});

test("a path that is too long even from there is an error, since somebody has asked for it", async () => {
  const long = join("deep".repeat(30), standard);
  await using node = await start("node-manager/main.ts", ["--socket", long, "--plc", "http://127.0.0.1:1"]);
  expect(await node.exited).toMatchObject({ code: 1 });
  expect(node.errors()).toContain("EINVAL");
});
